/** `--wait`: whoever waits for a site need not wait for its start first. */

import assert from "node:assert/strict";
import { waitFor } from "../../agent/cli/wait_for.ts";
import { freePort } from "../support/ports.ts";
import { interiorFolder, resource } from "../support/site_folder.ts";
import { startTendril, tendril } from "../support/tendril.ts";

Deno.test("wait: a site that starts later is waited for, and one that does not start is told with its folder", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await interiorFolder(`${dir}/hub`, "hub");
    await assert.rejects(waitFor(`${dir}/hub`, "ready", () => true, 0), ({ code, hint }) => {
      assert.deepEqual([code, hint], [
        "WAIT_TIMEOUT",
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

Deno.test("wait: for a site that does not start, commands end with the exit code of what is not there in time", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const { code, stderr } = await tendril("status", "--wait", "ready", "--timeout", "1", "--dir", dir);
    assert.equal(code, 4, stderr);
    assert.match(
      stderr,
      /WAIT_TIMEOUT\]: not ready within 1 s: .*\n {2}why: Nobody answers[\s\S]*\n {2}next: Start it/,
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("wait: a site that is started again meanwhile is waited for", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await interiorFolder(`${dir}/hub`, "hub");
    const port = freePort();
    await Deno.writeTextFile(`${dir}/hub/listener.yaml`, resource("Listener", { key: "web", port }));
    const seen = Promise.withResolvers<void>();
    const first = startTendril("first", ["run", `${dir}/hub`]);
    try {
      const waiting = waitFor(`${dir}/hub`, "ready", ({ kind }) => (seen.resolve(), kind === "Listener"), 60);
      await Promise.race([seen.promise, waiting]);
      await first.stop();
      await Deno.writeTextFile(`${dir}/hub/connector.yaml`, resource("Connector", { key: "web", port: freePort() }));
      await using _second = startTendril("second", ["run", `${dir}/hub`]);
      const { resources } = await waiting;
      assert.equal(resources.find(({ kind }) => kind === "Listener")?.status, "Ready");
    } finally {
      await first.stop();
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
