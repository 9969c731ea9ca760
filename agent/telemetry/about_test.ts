import assert from "node:assert/strict";
import { about } from "./about.ts";
import type { LogFields, Logger } from "./log.ts";

Deno.test("about: each record says whose it is, and what it says itself comes first", () => {
  const told: [string, string, LogFields | undefined][] = [];
  const at = (level: string) => (message: string, fields?: LogFields) => void told.push([level, message, fields]);
  const logger: Logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const of = about(logger, { listener: "web", routingKey: "k" });
  of.debug("d");
  of.info("i", { source: "adaptor" });
  of.warn("w", { routingKey: "other" });
  of.error("e");
  assert.deepEqual(told, [
    ["debug", "d", { listener: "web", routingKey: "k" }],
    ["info", "i", { listener: "web", routingKey: "k", source: "adaptor" }],
    ["warn", "w", { listener: "web", routingKey: "other" }],
    ["error", "e", { listener: "web", routingKey: "k" }],
  ]);
});
