import assert from "node:assert/strict";
import { run } from "../../../tests/support/processes.ts";
import { testWith } from "../../../tests/support/programs.ts";
import { type UnitFacts, unitFolder, unitName, unitText } from "./unit.ts";

const FACTS: UnitFacts = {
  site: "west",
  scope: "user",
  dir: "/home/me/west",
  start: ["/usr/bin/deno", "run", "--allow-net=[::1]:8080,a:1", "/opt/tendril.js", "run", "/home/me/west"],
  reload: ["/usr/bin/deno", "run", "/opt/tendril.js", "reload", "--dir", "/home/me/west"],
  user: 1000,
  group: 100,
  graceSeconds: 30,
  lowPorts: false,
};

const lines = (facts: Partial<UnitFacts> = {}) => unitText({ ...FACTS, ...facts }).split("\n");

Deno.test("unit: only the folder of the site can be written, and a drain has its time", () => {
  const unit = lines();
  for (
    const line of ["ProtectSystem=strict", "ReadWritePaths=/home/me/west", "TimeoutStopSec=40", "NoNewPrivileges=yes"]
  ) {
    assert.ok(unit.includes(line), line);
  }
  assert.ok(!unit.some((line) => line.startsWith("User=")));
});

Deno.test("unit: of the machine, it runs as who owns the folder and has no capability but for low ports", () => {
  assert.ok(lines({ scope: "system" }).includes("User=1000"));
  assert.ok(lines({ scope: "system" }).includes("CapabilityBoundingSet="));
  assert.ok(lines({ scope: "system", lowPorts: true }).includes("CapabilityBoundingSet=CAP_NET_BIND_SERVICE"));
});

Deno.test("unit: words that systemd would take apart are quoted, its own signs doubled", () => {
  const unit = lines({ dir: "/a b/100%", start: ["/usr/bin/deno", "/a b/$x", 'say "hi"', "100%"] });
  assert.ok(unit.includes(`ExecStart=/usr/bin/deno "/a b/$$x" "say \\"hi\\"" 100%%`), unit.join("\n"));
  assert.ok(unit.includes('ReadWritePaths="/a b/100%%"'));
  assert.ok(unit.includes("WorkingDirectory=/a b/100%%"), "which is no word: quotes would be a part of the path");
  assert.ok(
    lines().includes('ExecStart=/usr/bin/deno run "--allow-net=[::1]:8080,a:1" /opt/tendril.js run /home/me/west'),
  );
});

/** Names of folders that systemd might read otherwise. */
const FOLDERS = ["/home/me/west", "/a b/100%", '/c"\\d', "/o'neil", "/$HOME", "/e;f#g", "/größer"];

testWith(["systemd-analyze"], "unit: systemd reads it, whatever the folder is called", async (paths) => {
  const root = await Deno.makeTempDir();
  const file = `${root}/${unitName("west")}`;
  try {
    for (const dir of FOLDERS) {
      const start = [Deno.execPath(), "run", `--allow-read=${dir}`, "/opt/tendril.js", "run", dir];
      await Deno.writeTextFile(file, unitText({ ...FACTS, dir, start, reload: start }));
      const { code, stderr } = await run(paths["systemd-analyze"]!, ["verify", "--man=no", file]);
      assert.deepEqual([code, stderr], [0, ""], dir);
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("unit: whose it is can be read again, whatever the folder is called", () => {
  for (const dir of FOLDERS) {
    assert.equal(unitFolder(unitText({ ...FACTS, dir })), dir);
  }
  assert.equal(unitFolder("[Service]\nExecStart=/bin/true\n"), undefined);
});
