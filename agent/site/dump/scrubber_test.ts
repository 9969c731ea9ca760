import assert from "node:assert/strict";
import { REDACTED } from "../../telemetry/redact.ts";
import { Scrubber } from "./scrubber.ts";

function scrubber(value: unknown): (text: string) => string {
  const scrubber = new Scrubber();
  scrubber.learnFrom(value);
  return (text) => scrubber.scrub(text);
}

Deno.test("scrubber: what headers and query parameters say is found anywhere, with its scheme and without", () => {
  const scrub = scrubber({
    spec: {
      rules: [{
        matches: [{
          headers: [{ name: "X-Pass", value: "open-sesame" }],
          queryParams: [{ name: "key", value: "q-55555555" }],
        }],
        requestHeaders: { set: [{ name: "Authorization", value: "token ghp_aaaaaaaaaaaa" }] },
        responseHeaders: { add: [{ name: "X-Api-Key", value: "k-987654321" }] },
      }],
    },
  });
  const text = "a token ghp_aaaaaaaaaaaa b ghp_aaaaaaaaaaaa c k-987654321 d open-sesame e q-55555555 X-Api-Key";
  const r = REDACTED;
  assert.equal(scrub(text), `a ${r} b ${r} c ${r} d ${r} e ${r} X-Api-Key`);
});

Deno.test("scrubber: common words and numbers are left, though a header says them", () => {
  const values = ["true", "platform", "86400000", "10.0.0.1", "a-b"];
  const scrub = scrubber({ requestHeaders: { set: values.map((value) => ({ name: "X-Some-Name", value })) } });
  const text = `{"running":true,"platform":"x","rss":86400000,"host":"10.0.0.1","id":"a-b","header":"X-Some-Name"}`;
  assert.equal(scrub(text), text);
});

Deno.test("scrubber: fields that are secret by their name, and secrets in URLs, are learnt wherever they are", () => {
  const scrub = scrubber({ list: [{ password: "open" }], spec: { url: "https://me:urlpw@h/?access_token=abc%20def" } });
  assert.equal(scrub("open urlpw abc def"), [REDACTED, REDACTED, REDACTED].join(" "));
});
