import assert from "node:assert/strict";
import { assemble, type Assembled } from "../assemble.ts";
import { scanDocuments } from "../documents.ts";

function read(check: string): Assembled {
  const spec = `{routingKey: web, host: app, port: 80, healthCheck: ${check}}`;
  const text = `apiVersion: skupper.io/v2alpha1\nkind: Connector\nmetadata: {name: web}\nspec: ${spec}\n`;
  return assemble([scanDocuments(text, "web.yaml")]);
}

Deno.test("health check: what is not said has its default", () => {
  const { connectors } = read("{command: [pg_isready, -q]}");
  assert.deepEqual(connectors[0]?.healthCheck, {
    command: ["pg_isready", "-q"],
    intervalSeconds: 10,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
  });
});

Deno.test("health check: what is wrong is said where it stands, and the Connector is not offered unchecked", () => {
  for (
    const [check, fault] of [
      ["{}", /healthCheck must have one of tcp, http and command/],
      ["{tcp: {}, http: {}}", /healthCheck must have one of/],
      ["{htpp: {}}", /healthCheck has no field htpp/],
      ["{http: {path: ready}}", /healthCheck.http.path must begin with \//],
      ['{http: {path: "/a b"}}', /healthCheck.http.path must begin with \/ and have no spaces/],
      ["{http: {expectedStatus: OK}}", /expectedStatus must be a status/],
      ["{tcp: {}, intervalSeconds: 0}", /intervalSeconds must be at least 0.1/],
      ["{tcp: {}, failureThreshold: 1.5}", /failureThreshold must be a whole number/],
    ] as const
  ) {
    const { problems, connectors } = read(check);
    assert.match(String(problems[0]), fault);
    assert.match(String(problems[0]), /^web\.yaml:4:\d+ /);
    assert.deepEqual(connectors, []);
  }
});
