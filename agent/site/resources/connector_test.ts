import assert from "node:assert/strict";
import { assemble, type Assembled } from "../assemble.ts";
import { scanDocuments } from "../documents.ts";

function read(type: string, http: string): Assembled {
  const spec = { routingKey: "web", host: "127.0.0.1", port: 80, type, settings: { "tendril.http": http } };
  const connector = { apiVersion: "skupper.io/v2alpha1", kind: "Connector", metadata: { name: "c" }, spec };
  return assemble([scanDocuments(JSON.stringify(connector), "it.json")]);
}

Deno.test("connector: what an auto target speaks of HTTP is a setting", () => {
  const { connectors, problems } = read("auto", "http2");
  assert.deepEqual(problems, []);
  assert.deepEqual(connectors.map(({ protocol, http }) => [protocol, http]), [["auto", "http2"]]);
});

Deno.test("connector: a version of HTTP that is none is refused, one that has no effect is told of", () => {
  const wrong = read("auto", "http3");
  assert.deepEqual(wrong.connectors, []);
  assert.match(wrong.problems.join(), /Connector c: http3 is no version of HTTP/);
  const plain = read("tcp", "http2");
  assert.equal(plain.connectors[0]?.http, undefined);
  assert.match(plain.warnings.join(), /tendril.http means nothing without type: auto/);
});
