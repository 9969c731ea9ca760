import assert from "node:assert/strict";
import type { AmqpValue } from "../amqp/codec/types.ts";
import { decodeAnswer, decodeRequest, encodeAnswer, encodeRequest, peekReturnAddress } from "./message.ts";
import { map, texts } from "./values.ts";

const CORRELATION: AmqpValue = { type: "uuid", value: new Uint8Array(16).fill(7) };
const BACK = { replyTo: "amqp:/_topo/0/A/temp.x", correlationId: CORRELATION };

Deno.test("a request keeps its properties, its body and a correlation-id of any type", () => {
  const request = { properties: [["operation", "QUERY"]] as const, body: map([["attributeNames", texts(["id"])]]) };
  assert.deepEqual(decodeRequest(encodeRequest(request, "$management", BACK)), { ...request, ...BACK });
});

Deno.test("an answer goes to the reply-to with the correlation-id of the request", () => {
  const answer = { status: 404, description: "No entity", body: map([]) };
  const bytes = encodeAnswer(answer, BACK);
  assert.deepEqual(decodeAnswer(bytes), { ...answer, correlationId: CORRELATION });
  assert.ok(new TextDecoder("latin1").decode(bytes).includes(BACK.replyTo));
});

Deno.test("a request without a reply-to wants no answer, and what is no message is no request", () => {
  const bytes = encodeRequest({ properties: [], body: null }, "$management", BACK);
  assert.equal(decodeRequest(new Uint8Array([0, 0x53, 0x77, 0x40])), undefined);
  assert.equal(decodeRequest(bytes.subarray(0, 20)), undefined);
  assert.equal(decodeRequest(new TextEncoder().encode("rubbish")), undefined);
  assert.equal(decodeAnswer(bytes), undefined);
});

Deno.test("where the answer goes is found in the first octets of a request that is not complete", () => {
  const body = "x".repeat(1000);
  const bytes = encodeRequest({ properties: [["operation", "QUERY"]], body }, "$management", BACK);
  assert.deepEqual(peekReturnAddress(bytes.subarray(0, 200)), BACK);
  assert.equal(peekReturnAddress(bytes.subarray(0, 10)), undefined);
  assert.equal(peekReturnAddress(new TextEncoder().encode("rubbish")), undefined);
});
