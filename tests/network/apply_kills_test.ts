import assert from "node:assert/strict";
import { killApplies } from "../support/apply_kills.ts";

/** On a user's machine some of them must do. */
const BUDGET_MS = Deno.env.get("CI") === "true" ? 300_000 : 45_000;

Deno.test("apply: killed at random file and socket operations beside a running site, in CI 200 times, nothing is lost", async () => {
  const { kills, steps, outcomes, flows } = await killApplies({ kills: 200, budgetMs: BUDGET_MS, steps: 20 });
  const told = `${kills} kills, ${JSON.stringify(outcomes)}, ${steps.join("; ")}`;
  assert.ok(steps.length >= 20, told);
  assert.ok(steps.some((step) => step.startsWith("socket ")), told);
  assert.ok(outcomes.before > 0 && outcomes.after > 0, told);
  assert.ok(flows > 0);
});
