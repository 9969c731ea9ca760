import assert from "node:assert/strict";
import { oneLinerSite } from "./one_liner.ts";
import { parseLinkFile } from "./link_file.ts";
import { link, secret } from "./testing_link_files.ts";

const links = (text: string) => parseLinkFile(`${secret("w")}---\n${text}`, "link.yaml");
const inner = link("inner", { secret: "w" }).replace("name: edge", "name: inter-router");

Deno.test("one-liner: an edge with what was asked for, and an id of its own each time", () => {
  const connectors = [{ name: "web", routingKey: "web", host: "localhost", port: 80 }];
  const [site, again] = [1, 2].map(() => oneLinerSite({ name: "expose-1", connectors, links: links(link("w")) }));
  assert.deepEqual({ ...site, id: "" }, {
    id: "",
    name: "expose-1",
    role: "edge",
    listeners: [],
    connectors,
    links: links(link("w")),
    access: [],
    policies: [],
  });
  assert.match(site?.id ?? "", /^[0-9a-f-]{36}$/);
  assert.notEqual(site?.id, again?.id);
});

Deno.test("one-liner: links that lead to interiors alone are left out, and refused when there is no other", () => {
  const site = oneLinerSite({ name: "e", links: links(`${inner}---\n${link("w")}`) });
  assert.deepEqual(site.links.map(({ name }) => name), ["w"]);
  assert.throws(() => oneLinerSite({ name: "e", links: links(inner) }), { code: "SITE_INVALID", hint: /role edge/ });
});
