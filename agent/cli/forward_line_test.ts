import assert from "node:assert/strict";
import { forwardLine, forwardNotes } from "./forward_line.ts";

const SOURCE = "file:///src/agent/main.ts";
const SERVED = "https://hub.example.com:9090/tendril.js";
const LINK = { link: "link.yaml", token: undefined, protocol: "tcp" } as const;
const TOKEN = { link: undefined, token: "dev.token", protocol: "tcp" } as const;

Deno.test("forward line: a link file serves others as well, and stdin is no file", () => {
  assert.equal(forwardLine(SOURCE, "web", LINK), "tendril forward web --link link.yaml");
  assert.equal(forwardLine(SOURCE, "a=b", { ...LINK, link: "-" }), "tendril forward a=b=0 --link FILE");
  assert.equal(
    forwardLine(SOURCE, "web", { ...LINK, protocol: "http1" }),
    "tendril forward web --link link.yaml --protocol http1",
  );
  assert.deepEqual(forwardNotes(SOURCE, LINK), []);
});

Deno.test("forward line: a token that is spent is not named, and it is said that another use is needed", () => {
  assert.equal(forwardLine(SOURCE, "web", TOKEN), "tendril forward web --token FILE");
  assert.match(forwardNotes(SOURCE, TOKEN).join("\n"), /^FILE is another token, or this one if it has uses left/);
});

Deno.test("forward line: who loads the program from a site needs its CA", () => {
  assert.equal(
    forwardLine(SERVED, "web", TOKEN),
    `deno run --cert ca.crt --ignore-env --allow-net --allow-read=FILE ${SERVED} forward web --token FILE`,
  );
  assert.match(forwardNotes(SERVED, LINK).join("\n"), /^ca\.crt is the CA/);
  for (const entry of ["file:///opt/tendril.js", "https://example.com/tendril.js"]) {
    assert.doesNotMatch(forwardLine(entry, "web", TOKEN), /--cert/);
    assert.doesNotMatch(forwardNotes(entry, TOKEN).join("\n"), /ca\.crt/);
  }
});
