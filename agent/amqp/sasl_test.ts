import assert from "node:assert/strict";
import { saslClientStep, saslServerStep } from "./sasl.ts";

const NOTHING = new Uint8Array(0);

Deno.test("a client answers a challenge with nothing and waits for the outcome", () => {
  const step = saslClientStep({ type: "sasl-challenge", challenge: Uint8Array.of(1) }, "EXTERNAL", "west.example");
  assert.deepEqual(step, { done: false, reply: { type: "sasl-response", response: NOTHING } });
  assert.equal(saslClientStep({ type: "sasl-outcome", code: 0 }, "EXTERNAL", undefined).done, true);
});

Deno.test("a client names its host and mechanism, and says who refused it with which code", () => {
  const { reply } = saslClientStep({ type: "sasl-mechanisms", mechanisms: ["PLAIN", "EXTERNAL"] }, "EXTERNAL", "west");
  assert.deepEqual(reply, { type: "sasl-init", mechanism: "EXTERNAL", initialResponse: NOTHING, hostname: "west" });
  const refusal = saslClientStep({ type: "sasl-outcome", code: 1 }, "EXTERNAL", undefined);
  assert.equal(refusal.done, false);
  assert.equal(refusal.failure?.condition, "amqp:unauthorized-access");
  assert.match(refusal.failure?.message ?? "", /EXTERNAL with SASL code 1/);
});

Deno.test("frames of the wrong side end the negotiation", () => {
  const init = { type: "sasl-init", mechanism: "ANONYMOUS" } as const;
  assert.equal(saslClientStep(init, "ANONYMOUS", undefined).failure?.condition, "amqp:unauthorized-access");
  const outcome = { type: "sasl-outcome", code: 0 } as const;
  assert.equal(saslServerStep(outcome, ["ANONYMOUS"]).failure?.condition, "amqp:unauthorized-access");
});

Deno.test("a server tells a client with an unknown mechanism so before it ends", () => {
  const step = saslServerStep({ type: "sasl-init", mechanism: "PLAIN" }, ["EXTERNAL"]);
  assert.deepEqual(step.reply, { type: "sasl-outcome", code: 1 });
  assert.equal(step.done, false);
  assert.match(step.failure?.message ?? "", /asked for PLAIN, offered is EXTERNAL/);
});
