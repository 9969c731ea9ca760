/** Sites as services: the unit that is written is read by systemd's own tools, and what it says is run as it stands. */

import assert from "node:assert/strict";
import { bundle } from "../support/bundle.ts";
import { freePort } from "../support/ports.ts";
import { run, start } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { edgeFolder, interiorFolder } from "../support/site_folder.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;

testWith(
  ["tar", "systemd-analyze"],
  "system: a site as a unit of systemd, and as a bundle for another machine",
  async (paths, t) => {
    const { tar, "systemd-analyze": analyze } = paths;
    const dir = await Deno.realPath(await Deno.makeTempDir());
    const program = await bundle(dir);
    const hubFolder = await interiorFolder(`${dir}/hub`, "hub");
    const services = { listeners: [{ key: "web", port: freePort() }], connectors: [{ key: "db", port: freePort() }] };
    await edgeFolder(`${dir}/west`, "west", hubFolder, services);
    // A program by the name of systemctl, which writes down what it is told.
    await Deno.mkdir(`${dir}/bin`);
    await Deno.writeTextFile(`${dir}/bin/systemctl`, `#!/bin/sh\necho "$*" >> ${dir}/told\n`, { mode: 0o755 });
    const env = { PATH: `${dir}/bin:${Deno.env.get("PATH")}` };
    const command = (flags: readonly string[], ...words: string[]) => {
      const all = ["--ignore-env", "--no-prompt", "--allow-read", "--allow-write", ...flags];
      return run(Deno.execPath(), ["run", "--quiet", ...all, program, ...words], { env, cwd: dir });
    };
    const told = async () => (await Deno.readTextFile(`${dir}/told`)).trim().split("\n");
    const SYSTEMCTL = ["--allow-run=systemctl"];
    const hub = startTendril("hub", ["run", `${dir}/hub`]);
    const west = ["--dir", "west", "--unit-folder", `${dir}/units`];
    try {
      let unit = "";
      await t.step("the unit is printed, and systemd's own tools have nothing against it", async () => {
        for (const scope of [[], ["--system"]]) {
          const { code, stdout, stderr } = await command([], "system", "install", "--dir", "west", "--print", ...scope);
          assert.equal(code, 0, stderr);
          unit ||= stdout;
          await Deno.writeTextFile(`${dir}/tendril-west.service`, stdout);
          const verdict = await run(analyze!, ["verify", "--man=no", `${dir}/tendril-west.service`]);
          assert.deepEqual([verdict.code, verdict.stderr], [0, ""]);
          // Its measure of exposure, in tenths: 100 is a unit without any hardening.
          const most = `--threshold=${scope.length === 0 ? 65 : 25}`;
          const offline = ["security", "--offline=true", "--no-pager", most, `${dir}/tendril-west.service`];
          const exposure = await run(analyze!, offline);
          assert.equal(exposure.code, 0, exposure.stdout + exposure.stderr);
        }
      });
      await t.step("what ExecStart and ExecReload say runs the site, with those permissions and no more", async () => {
        const words = (name: string) => {
          const line = new RegExp(`^${name}=(.*)$`, "m").exec(unit)![1]!;
          return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
        };
        const [deno, ...args] = words("ExecStart");
        const allowed = args.filter((word) => word.startsWith("--allow-"));
        assert.deepEqual(allowed.map((flag) => flag.split("=")[0]), ["--allow-read", "--allow-write", "--allow-net"]);
        const site = start("west", deno!, args, { cwd: `${dir}/west` });
        try {
          await until(() => site.output().includes("link is active"), LIMIT_MS);
          const [program, ...reload] = words("ExecReload");
          const { code, stderr } = await run(program!, reload);
          assert.equal(code, 0, stderr);
          assert.doesNotMatch(site.output(), /permission|NotCapable|no local socket/i);
          site.signal("SIGTERM");
          assert.equal(await site.ended, 0, "it drains");
        } finally {
          await site.stop();
        }
      });
      await t.step("what is named by its namespace has a unit of that name", async () => {
        const data = { ...env, XDG_DATA_HOME: `${dir}/data` };
        const inNamespace = async (...words: string[]) => {
          const place = ["--allow-env=XDG_DATA_HOME", "--allow-sys=homedir,uid", "--allow-read", "--allow-write"];
          const flags = ["--quiet", "--no-prompt", "--ignore-env", ...place, ...SYSTEMCTL];
          const { code, stderr } = await run(Deno.execPath(), ["run", ...flags, program, ...words], {
            env: data,
            cwd: dir,
          });
          assert.equal(code, 0, stderr);
        };
        const units = ["--unit-folder", `${dir}/units`];
        await inNamespace("site", "create", "shop", "-n", "prod", "--edge");
        await inNamespace("system", "install", "-n", "prod", ...units);
        const text = await Deno.readTextFile(`${dir}/units/tendril-prod.service`);
        assert.match(text, new RegExp(`^WorkingDirectory=${dir}/data/tendril/namespaces/prod$`, "m"));
        await inNamespace("system", "start", "-n", "prod");
        await inNamespace("system", "uninstall", "-n", "prod", ...units);
        await assert.rejects(Deno.stat(`${dir}/units/tendril-prod.service`), Deno.errors.NotFound);
        assert.ok(
          (await told()).some((line) => line.endsWith(" start tendril-prod.service")),
          (await told()).join("\n"),
        );
        await Deno.remove(`${dir}/told`);
      });
      await t.step("two sites of one name have units of their own, and none takes that of the other", async () => {
        const place = ["--allow-env=XDG_DATA_HOME", "--allow-sys=homedir,uid", ...SYSTEMCTL];
        const data = { ...env, XDG_DATA_HOME: `${dir}/data` };
        const units = ["--unit-folder", `${dir}/units`];
        const said = async (expected: number, ...words: string[]) => {
          const flags = ["--quiet", "--no-prompt", "--ignore-env", "--allow-read", "--allow-write", ...place];
          const all = ["run", ...flags, program, "system", ...words, ...units];
          const { code, stderr } = await run(Deno.execPath(), all, { env: data, cwd: dir });
          assert.equal(code, expected, stderr);
          return stderr;
        };
        const folderOf = async (unit: string) => {
          const text = await Deno.readTextFile(`${dir}/units/tendril-${unit}.service`);
          return /^WorkingDirectory=(.*)$/m.exec(text)?.[1];
        };
        const west = await Deno.readTextFile(`${dir}/west/Site-west.yaml`);
        for (const folder of ["data/tendril/namespaces/test", "elsewhere"]) {
          await Deno.mkdir(`${dir}/${folder}`, { recursive: true });
          await Deno.writeTextFile(`${dir}/${folder}/Site-west.yaml`, west);
        }
        await said(0, "install", "--dir", "west");
        await said(0, "install", "--dir", "data/tendril/namespaces/test");
        assert.equal(await folderOf("test"), `${dir}/data/tendril/namespaces/test`, "however the folder is named");
        const refused = await said(1, "install", "--dir", "elsewhere");
        assert.match(refused, new RegExp(`error\\[SYSTEM_UNIT\\]: .*tendril-west.service is .*${dir}/west\n.*--name`));
        assert.match(await said(1, "uninstall", "--dir", "elsewhere"), /error\[SYSTEM_UNIT\]/);
        await said(0, "install", "--dir", "elsewhere", "--name", "west-2");
        assert.deepEqual([await folderOf("west"), await folderOf("west-2")], [`${dir}/west`, `${dir}/elsewhere`]);
        await said(0, "uninstall", "--name", "west-2");
        await said(0, "uninstall", "-n", "test");
        await Deno.remove(`${dir}/units/tendril-west.service`);
        await Deno.remove(`${dir}/told`);
      });
      await t.step("install, start, stop, reload, status and uninstall tell systemd", async () => {
        const installed = await command(SYSTEMCTL, "system", "install", ...west);
        assert.equal(installed.code, 0, installed.stderr);
        assert.equal(await Deno.readTextFile(`${dir}/units/tendril-west.service`), unit);
        for (const verb of ["start", "stop", "reload", "status"]) {
          const { code, stderr } = await command(SYSTEMCTL, "system", verb, "--dir", "west");
          assert.equal(code, 0, stderr);
        }
        assert.equal((await command(SYSTEMCTL, "system", "uninstall", ...west)).code, 0);
        await assert.rejects(Deno.stat(`${dir}/units/tendril-west.service`), Deno.errors.NotFound);
        assert.deepEqual(await told(), [
          "--user --no-pager daemon-reload",
          "--user --no-pager enable tendril-west.service",
          "--user --no-pager start tendril-west.service",
          "--user --no-pager stop tendril-west.service",
          "--user --no-pager reload tendril-west.service",
          "--user --no-pager status --lines=10 tendril-west.service",
          "--user --no-pager disable --now tendril-west.service",
          "--user --no-pager daemon-reload",
        ]);
        const again = await command(SYSTEMCTL, "system", "uninstall", ...west);
        assert.match(again.stderr, /error\[SYSTEM_UNIT\]/);
      });
      await t.step("where systemctl is missing, fails, or may not be started, it is said what to do", async () => {
        const installed = await command([], "system", "install", ...west);
        assert.equal(installed.code, 0, installed.stderr);
        assert.match(installed.stderr, /not enabled.*systemctl --user daemon-reload/);
        assert.match(installed.stdout, /tendril-west\.service\n# Without systemd the same is: \S*deno run /);
        const started = await command([], "system", "start", "--dir", "west");
        assert.equal(started.code, 1);
        assert.match(started.stderr, /error\[SYSTEM_MANAGER\].*may not be started[\s\S]*tendril run DIR/);
        const answer = 'echo "Failed to connect to bus: No medium found" >&2; exit 1';
        await Deno.writeTextFile(`${dir}/bin/systemctl`, `#!/bin/sh\n${answer}\n`, { mode: 0o755 });
        const offline = await command(SYSTEMCTL, "system", "start", "--dir", "west");
        assert.match(offline.stderr, /error\[SYSTEM_MANAGER\]: systemd does not run here/);
      });
      await t.step("from the source tree without a bundle, it is said how to make one", async () => {
        const there = await Deno.stat(new URL("../../dist/tendril.js", import.meta.url)).then(() => true, () => false);
        const { code, stderr } = await tendril("system", "install", "--dir", `${dir}/west`, "--print");
        assert.equal(code, there ? 0 : 3, stderr);
        if (!there) assert.match(stderr, /error\[SYSTEM_PROGRAM\][\s\S]*deno task bundle/);
      });
      await t.step("a bundle runs elsewhere with nothing but Deno", async () => {
        const packed = await command([], "system", "bundle", "--dir", "west", "-o", "west.tar.gz");
        assert.equal(packed.code, 0, packed.stderr);
        assert.equal((await Deno.stat(`${dir}/west.tar.gz`)).mode! & 0o777, 0o600);
        await Deno.mkdir(`${dir}/other machine`);
        const elsewhere = `${dir}/other machine/west`;
        assert.equal((await run(tar!, ["-xzf", "west.tar.gz", "-C", "other machine"], { cwd: dir })).code, 0);
        const bare = {
          clearEnv: true,
          env: { PATH: `${Deno.execPath().replace(/\/[^/]*$/, "")}:/usr/bin:/bin`, DENO_DIR: `${dir}/empty` },
        };
        const site = start("west", `${elsewhere}/run`, [], { ...bare, cwd: "/" });
        try {
          await until(() => site.output().includes("link is active"), LIMIT_MS);
          const status = await run(`${elsewhere}/tendril`, ["status", "--dir", "west/site"], {
            ...bare,
            cwd: `${dir}/other machine`,
          });
          assert.equal(status.code, 0, status.stderr);
          assert.match(status.stdout, /link-hub +Ready/);
          assert.doesNotMatch(site.output(), /permission|NotCapable/i);
        } finally {
          await site.stop();
        }
        await assert.rejects(Deno.stat(`${elsewhere}/site/run/amqp.sock`), Deno.errors.NotFound);
      });
    } finally {
      await hub.stop();
      await Deno.remove(dir, { recursive: true });
    }
  },
);
