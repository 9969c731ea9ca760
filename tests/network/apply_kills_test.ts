import assert from "node:assert/strict";
import { killApplies } from "../support/apply_kills.ts";

Deno.test("apply: killed at random file and socket operations beside a running site, nothing is lost; deno task soak does it 200 times", async () => {
  const { kills, steps, outcomes, flows } = await killApplies({ kills: 200, budgetMs: 45_000, steps: 20 });
  const told = `${kills} kills, ${JSON.stringify(outcomes)}, ${steps.join("; ")}`;
  assert.ok(steps.length >= 20, told);
  assert.ok(steps.some((step) => step.startsWith("socket ")), told);
  assert.ok(outcomes.before > 0 && outcomes.after > 0, told);
  assert.ok(flows > 0);
});
