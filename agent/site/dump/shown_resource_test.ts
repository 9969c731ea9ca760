import assert from "node:assert/strict";
import { REDACTED } from "../../telemetry/redact.ts";
import { scanDocuments } from "../documents.ts";
import { shownResource } from "./shown_resource.ts";

function shown(kind: string, spec: unknown): unknown {
  const [document] = scanDocuments(JSON.stringify({ kind, spec }), "it.yaml").documents;
  const told = shownResource(document!);
  assert.ok(typeof told === "object" && told !== null && "spec" in told);
  return told.spec;
}

Deno.test("shown resource: of headers and query parameters the names are told, and nothing that they say", () => {
  const headers = { set: [{ name: "X-Api-Key", value: "k-987654321" }], add: [{ name: "A", value: 12345678 }] };
  const told = { set: [{ name: "X-Api-Key", value: REDACTED }], add: [{ name: "A", value: REDACTED }] };
  const condition = { name: "X-Team", type: "Exact", value: "shop" };
  assert.deepEqual(
    shown("HttpRoute", {
      listeners: ["web"],
      rules: [{
        matches: [{ path: { value: "/a" }, headers: [condition], queryParams: [condition] }],
        sticky: { by: "Header", name: "X-User" },
        requestHeaders: { ...headers, remove: ["Cookie"] },
        responseHeaders: headers,
      }],
    }),
    {
      listeners: ["web"],
      rules: [{
        matches: [{
          path: { value: "/a" },
          headers: [{ ...condition, value: REDACTED }],
          queryParams: [{ ...condition, value: REDACTED }],
        }],
        sticky: { by: "Header", name: "X-User" },
        requestHeaders: { ...told, remove: ["Cookie"] },
        responseHeaders: told,
      }],
    },
  );
});

Deno.test("shown resource: headers that are written in another form, which is an error, are no less secret", () => {
  const value = "token ghp_aaaaaaaaaaaa";
  for (
    const rule of [
      { requestHeaders: { set: { "X-Auth": value } } },
      { requestHeaders: { add: [`Authorization: ${value}`] } },
      { responseHeaders: [{ name: "A", values: [value] }] },
      { headers: { A: value } },
      { requestHeaderModifier: { set: [{ name: "A", value }] } },
    ]
  ) {
    const text = JSON.stringify(shown("HttpRoute", { rules: [rule] }));
    assert.ok(!text.includes("ghp_") && text.includes(REDACTED), text);
  }
});

Deno.test("shown resource: fields that are secret by their name are so with or without quotes; others are told", () => {
  assert.deepEqual(
    shown("X", { password: 12345678, code: "abc", tlsCredentials: "name", edge: true, cost: 3, group: null }),
    { password: REDACTED, code: REDACTED, tlsCredentials: "name", edge: true, cost: 3, group: null },
  );
  assert.deepEqual(shown("X", { command: ["/bin/check", "--as", "me"] }), {
    command: ["/bin/check", REDACTED, REDACTED],
  });
});
