/** `--wait`: whoever waits for a site need not wait for its start first. */

import assert from "node:assert/strict";
import { waitFor } from "../../agent/cli/wait_for.ts";
import { interiorFolder } from "../support/site_folder.ts";
import { startTendril } from "../support/tendril.ts";

Deno.test("wait: a site that starts later is waited for, and one that does not start is told with its folder", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await interiorFolder(`${dir}/hub`, "hub");
    await assert.rejects(waitFor(`${dir}/hub`, "ready", () => true, 0), ({ code, hint }) => {
      assert.deepEqual([code, hint], [
        "LOCAL_SOCKET",
        `Start it with \`tendril run ${dir}/hub\`, or name another --dir.`,
      ]);
      return true;
    });
    const waiting = waitFor(`${dir}/hub`, "ready", () => true, 60);
    await using _hub = startTendril("hub", ["run", `${dir}/hub`]);
    const { resources } = await waiting;
    assert.deepEqual(
      new Set(resources.map(({ kind, status }) => `${kind} ${status}`)),
      new Set(["Site Ready", "RouterAccess Ready"]),
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
