import assert from "node:assert/strict";
import { linkTarget } from "./runtime.ts";

Deno.test("the endpoints of a link are shown as they are dialled, IPv6 addresses in brackets", () => {
  const target = linkTarget({
    name: "hub",
    cost: 1,
    measured: false,
    endpoints: [
      { role: "edge", group: "", host: "::1", port: 45671 },
      { role: "edge", group: "", host: "hub.example.com", port: 443 },
      { role: "inter-router", group: "", host: "::1", port: 55671 },
    ],
    tls: { ca: "", cert: "", key: "" },
    websocket: false,
  }, "edge");
  assert.equal(target.endpoint, "[::1]:45671 hub.example.com:443");
});
