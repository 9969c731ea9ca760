/** Every way in which the resources of a site say what is spoken at a routing key. */

import assert from "node:assert/strict";
import type { HttpRule } from "../http_route_spec.ts";
import type { ConnectorSpec, ListenerSpec, SiteSpec } from "../spec.ts";
import { protocolOf } from "./protocol_of.ts";

const PLACE = { host: "127.0.0.1", port: 1 };

function listener(name: string, more: Partial<ListenerSpec> = {}): ListenerSpec {
  return { name, routingKey: name, ...PLACE, ...more };
}

function connector(name: string, more: Partial<ConnectorSpec> = {}): ConnectorSpec {
  return { name, routingKey: name, ...PLACE, ...more };
}

function rule(...keys: string[]): HttpRule {
  const backends = keys.map((routingKey) => ({ routingKey, weight: 1 }));
  return { name: "all", matches: [], backends, strategy: "Weighted", responseSeconds: 0, idleSeconds: 0, retries: 0 };
}

const SITE: SiteSpec = {
  id: "",
  name: "west",
  role: "edge",
  listeners: [
    listener("plain"),
    listener("web", { protocol: "http1", subjects: [{ subject: "GET/*", routingKey: "web-get" }] }),
    listener("api", { protocol: "http2" }),
  ],
  connectors: [connector("database"), connector("shop", { protocol: "http2" })],
  multiKeyListeners: [
    { name: "first", strategy: { kind: "priority", keys: ["near", "far"] }, ...PLACE },
    { name: "some", strategy: { kind: "weighted", weights: { heavy: 2 } }, ...PLACE },
  ],
  routes: [
    { name: "one", listeners: ["web"], rules: [rule("web-south"), rule("web-north")] },
    { name: "other", listeners: ["api"], rules: [rule("api-south")] },
    { name: "stray", listeners: ["nowhere"], rules: [rule("stray")] },
  ],
  links: [],
  access: [],
  policies: [],
};

Deno.test("protocol of a key: what Listeners, Connectors, MultiKeyListeners and HttpRoutes say, else nothing", () => {
  for (
    const [key, protocol] of [
      ["plain", "tcp"],
      ["database", "tcp"],
      ["near", "tcp"],
      ["heavy", "tcp"],
      ["web", "http1"],
      ["web-get", "http1"],
      ["web-south", "http1"],
      ["web-north", "http1"],
      ["api-south", "http2"],
      ["shop", "http2"],
      ["stray", undefined],
      ["elsewhere", undefined],
    ] as const
  ) assert.equal(protocolOf(SITE, key), protocol, key);
});
