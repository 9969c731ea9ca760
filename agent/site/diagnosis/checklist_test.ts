/** What becomes of a step: passed, failed, or skipped for a reason. */

import assert from "node:assert/strict";
import { TendrilError } from "../../lib/errors.ts";
import { Checklist } from "./checklist.ts";

const fault = new TendrilError("CHECK_LINK", "the link was not up", { hint: "Allow more time." });

Deno.test("checklist: a step without a finding tells whether it failed, whatever failed before", async () => {
  const list = new Checklist();
  list.fail("tcp", "up 127.0.0.1:1", fault);
  assert.equal(await list.confirm("link", "up", () => Promise.resolve(), "active"), true);
  assert.equal(await list.confirm("link", "up", () => Promise.reject(fault), "active"), false);
  assert.deepEqual(list.steps.map(({ step, result }) => `${step} ${result}`), ["tcp failed", "link ok", "link failed"]);
});

Deno.test("checklist: a failure that is excused is no broken step; a defect is not excused", async () => {
  const list = new Checklist();
  const excuse = ({ code }: TendrilError) => code === "CHECK_LINK" ? "another name is not let in" : undefined;
  const fail = () => Promise.reject(fault);
  assert.equal(await list.take("admission", "up", fail, String, excuse), undefined);
  assert.deepEqual(list.steps.map(({ result, found }) => `${result}: ${found}`), [
    "skipped: another name is not let in",
  ]);
  const other = () => Promise.reject(new TendrilError("CHECK_KEY", "nobody serves it"));
  await list.take("key", "web", other, String, excuse);
  assert.equal(list.broken?.code, "CHECK_KEY", "the first that failed");
  await assert.rejects(list.take("key", "web", () => Promise.reject(new TypeError("a defect")), String, excuse));
});
