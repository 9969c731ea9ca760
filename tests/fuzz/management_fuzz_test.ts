/** Damaged management requests: each is answered with a status that says what is wrong, or recognised as no request. */

import assert from "node:assert/strict";
import { answer } from "../../agent/management/answer.ts";
import { LiveRouter } from "../../agent/management/live_router.ts";
import {
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  peekReturnAddress,
} from "../../agent/management/message.ts";
import { int, map, plain, texts } from "../../agent/management/values.ts";
import { Router } from "../../agent/router/router.ts";
import { CODEC_TOKENS } from "./codec_target.ts";
import { countOf, fuzz, type FuzzTarget } from "./fuzz.ts";

const BACK = { replyTo: "amqp:/_topo/0/R/temp.x", correlationId: int(7) };
const OPERATIONS = ["QUERY", "READ", "GET-TYPES", "GET-OPERATIONS", "GET-ATTRIBUTES", "GET-MGMT-NODES", "DELETE"];
const TYPES = ["router", "routerMetrics", "router.node", "connection", "router.link", "router.address", "network"];

const seeds = OPERATIONS.flatMap((operation) =>
  TYPES.map((type) => {
    const properties = [["operation", operation], ["entityType", type], ["type", "org.amqp.management"]] as const;
    const named = [["operation", operation], ["type", type], ["identity", `${type}/R`], ["offset", int(1)]] as const;
    const body = map([["attributeNames", texts(["name", "id", "cost"])]]);
    return encodeRequest({ properties: operation === "READ" ? named : properties, body }, "$management", BACK);
  })
);

const router = new LiveRouter(new Router({ id: "R", role: "interior" }));

const target: FuzzTarget = {
  name: "management",
  seeds,
  tokens: CODEC_TOKENS,
  run: (input) => {
    peekReturnAddress(input);
    const request = decodeRequest(input);
    if (request === undefined) return "none";
    const answered = answer(router, request);
    // Whatever came in, what goes out is an answer that its reader understands.
    const { correlationId, ...rest } = decodeAnswer(encodeAnswer(answered, request))!;
    assert.deepEqual(rest, answered);
    assert.deepEqual(correlationId, request.correlationId ?? null);
    plain(rest.body);
    return `${answered.status}`;
  },
};

Deno.test("fuzz: management requests are answered, refused with a status, or none", () => {
  const report = fuzz(target);
  for (const outcome of ["200", "400", "404", "501", "none"]) {
    assert.ok(countOf(report, (seen) => seen === outcome) > 0, `never seen: ${outcome}`);
  }
});
