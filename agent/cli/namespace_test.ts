/** `-n NAME`, with the program itself and a data folder of its own. */

import assert from "node:assert/strict";
import { freePort } from "../../tests/support/ports.ts";
import { type Result, run } from "../../tests/support/processes.ts";
import { startTendril, tendrilArgs } from "../../tests/support/tendril.ts";
import { until } from "../../tests/support/until.ts";
import { parseLine } from "./args.ts";
import { EXIT } from "./exit_codes.ts";
import { GLOBAL_FLAGS } from "./flags.ts";
import { withNamespace } from "./namespace.ts";
import { namespacesFolder } from "./namespaces_folder.ts";
import { commands } from "./table.ts";
import { fillIn, permissionFlags } from "./permissions.ts";
import { TestIo } from "./testing_io.ts";

const PERMISSIONS = ["--no-prompt", "--ignore-env", "--allow-read", "--allow-write", "--allow-net"];
const PLACE = ["--allow-env=XDG_DATA_HOME", "--allow-sys=homedir,uid"];

/** A data folder, and a folder with nothing in it in which commands run. */
class Machine implements AsyncDisposable {
  readonly data: string;
  readonly namespaces: string;
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
    this.data = `${dir}/data`;
    this.namespaces = `${this.data}/tendril/namespaces`;
  }

  static async create(): Promise<Machine> {
    const machine = new Machine(await Deno.realPath(await Deno.makeTempDir()));
    await Deno.mkdir(`${machine.#dir}/here`);
    return machine;
  }

  async run(line: string, permissions: readonly string[] = [...PERMISSIONS, ...PLACE]): Promise<Result> {
    const args = tendrilArgs(permissions, line.split(" "));
    return await run(Deno.execPath(), args, { cwd: `${this.#dir}/here`, env: { XDG_DATA_HOME: this.data } });
  }

  async must(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(line);
    assert.equal(code, 0, `${line}: ${stderr}`);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#dir, { recursive: true });
  }
}

const command = (name: string) => commands.find((each) => each.name === name)!;

Deno.test("namespace: every command that takes the folder of a site takes -n, and no other", () => {
  const without = commands.filter(({ flags }) => flags["namespace"] === undefined).map(({ name }) => name);
  const takesFolder = commands.filter(({ flags }) => flags["dir"] !== undefined).map(({ name }) => name);
  assert.deepEqual(takesFolder.filter((name) => without.includes(name)), ["adaptor new"], "its DIR is no site");
  assert.ok(!without.includes("run"), "its DIR is a word");
  for (const name of ["expose", "forward", "explain", "version", "system namespaces"]) {
    assert.ok(without.includes(name));
  }
});

Deno.test("namespace: it is the folder of that name below the data folder of the user, and of the machine for root", async () => {
  const folder = (env: Record<string, string>) => namespacesFolder(new TestIo({ env }));
  assert.equal(await folder({ XDG_DATA_HOME: "/data/" }), "/data/tendril/namespaces");
  const standard = Deno.uid() === 0 ? "/var/lib" : `${Deno.env.get("HOME")}/.local/share`;
  for (const value of ["", "data", "./data"]) {
    assert.equal(await folder({ XDG_DATA_HOME: value }), `${standard}/tendril/namespaces`, "must be absolute");
  }
});

Deno.test("namespace: a name that is no DNS label, one that is not there, and both ways at once are refused", async () => {
  await using machine = await Machine.create();
  for (
    const [line, expected] of [
      ["status -n ../west", /"\.\.\/west" is no name of a namespace/],
      ["site create x -n West", /is no name of a namespace/],
      [`site create x -n ${"a".repeat(64)}`, /is no name of a namespace/],
      ["status -n west", /no namespace west.*\n.*tendril site create NAME -n west/],
      ["status -n west --dir west", /--dir west and --namespace west are given both/],
      ["run west --namespace west", /the folder west and --namespace west are given both/],
      ["token status", /--dir DIR is required.*\n.*-n/],
      ["run", /DIR is missing.*\n.*-n/],
    ] as const
  ) {
    const { code, stderr } = await machine.run(line);
    assert.equal(code, EXIT.usage, `${line}: ${stderr}`);
    assert.match(stderr, expected);
  }
  await assert.rejects(Deno.stat(machine.data), Deno.errors.NotFound, "nothing was made");
});

Deno.test("namespace: a site is made, changed, run, asked, listed and named by it", async () => {
  await using machine = await Machine.create();
  const { namespaces } = machine;
  await machine.must("site create shop -n west");
  assert.ok(await Deno.stat(`${namespaces}/west/Site-shop.yaml`));
  const port = freePort();
  await machine.must(`listener create web ${port} --host 127.0.0.1 -n west`);
  assert.ok(await Deno.stat(`${namespaces}/west/Listener-web.yaml`));
  await Deno.mkdir(`${namespaces}/empty`);
  await Deno.mkdir(`${namespaces}/No_Name`);
  const line = await machine.must("run -n west --print-permissions");
  assert.match(line, new RegExp(` run ${namespaces}/west\n$`), "the folder itself, which takes no further permission");
  assert.doesNotMatch(line, /--allow-sys|--allow-env/);

  await using site = startTendril("west", ["run", `${namespaces}/west`]);
  await until(() => site.output().includes("site is running"));
  assert.match(await machine.must("status -n west"), /web/);
  assert.match(await machine.must("system namespaces"), /west +running +shop +interior/);
  const listed = JSON.parse(await machine.must("system namespaces -o json"));
  assert.equal(listed.folder, namespaces);
  assert.deepEqual(
    listed.namespaces.map((each: Record<string, string>) => [each["name"], each["state"], each["site"], each["dir"]]),
    [["empty", "broken", "", `${namespaces}/empty`], ["west", "running", "shop", `${namespaces}/west`]],
  );
  assert.match(listed.namespaces[0].message, /Site/);
  const least = permissionFlags(fillIn(command("system namespaces").permissions, {
    NAMESPACES: [namespaces],
    "unix:/PATH/NAMESPACES/DIR/run/amqp.sock": ["west", "empty"].map((name) =>
      `unix:${namespaces}/${name}/run/amqp.sock`
    ),
  }));
  const audited = await machine.run("system namespaces", ["--no-prompt", ...least, "--allow-env=XDG_DATA_HOME"]);
  assert.match(audited.stdout, /west +running/, `what its help lists is enough: ${audited.stderr}`);
  site.signal("SIGTERM");
  assert.equal(await site.ended, 0, site.output());
  assert.match(await machine.must("system namespaces"), /west +stopped +shop +interior/);
});

Deno.test("namespace: who names none means `default`, unless a site is where the command runs", async () => {
  await using machine = await Machine.create();
  const { stdout } = await machine.run("plan");
  assert.equal(stdout, "", "there is neither");
  await machine.must("site create shop");
  assert.ok(await Deno.stat(`${machine.namespaces}/default/Site-shop.yaml`));
  await machine.must("listener create web 8080");
  assert.ok(await Deno.stat(`${machine.namespaces}/default/Listener-web.yaml`));
  assert.match(await machine.must("run --print-permissions"), /namespaces\/default\n$/);
  await machine.must("token status");
  await machine.must("site create other --dir .");
  await machine.must("listener create api 8081");
  await assert.rejects(Deno.stat(`${machine.namespaces}/default/Listener-api.yaml`), Deno.errors.NotFound);
});

Deno.test("namespace: without permission to find it nothing is asked, and -n says which one is missing", async () => {
  await using machine = await Machine.create();
  const none = await machine.run("site create shop", PERMISSIONS);
  assert.equal(none.code, EXIT.usage);
  assert.match(none.stderr, /--dir DIR is required/);
  const named = await machine.run("site create shop -n west", PERMISSIONS);
  assert.equal(named.code, EXIT.failure);
  assert.match(named.stderr, /PERMISSION_MISSING[\s\S]*--allow-sys/);
});

Deno.test("namespace: what the program prints under the name of a unit is that of the namespace", async () => {
  await using machine = await Machine.create();
  await machine.must("site create shop -n west");
  for (const [line, unit] of [["stop -n west", "west"], ["stop -n west --name shop", "shop"]]) {
    const { stderr } = await machine.run(`system ${line}`);
    assert.match(stderr, new RegExp(`systemctl --user stop tendril-${unit}\\.service`));
  }
});

Deno.test("namespace: the command itself sees a folder, the name, and a command line without it", async () => {
  const seen: unknown[] = [];
  const probe = withNamespace({
    ...command("run"),
    positionals: [{ name: "dir", placeholder: "DIR", help: ".", site: "new" }],
    run({ args, namespace, words }) {
      seen.push([args["dir"], namespace, words.join(" ")]);
      return Promise.resolve(EXIT.ok);
    },
  });
  const io = new TestIo({ env: { XDG_DATA_HOME: "/d" } });
  const { createLogger } = await import("../telemetry/logger.ts");
  const logger = createLogger({
    level: "info",
    format: "text",
    terminal: false,
    colors: false,
    write: () => {},
    now: () => 0,
  });
  for (const line of ["-n w --grace 1", "--grace 1 --namespace w", "-nw", "--namespace=w", "w", "--grace 1"]) {
    const words = line.split(" ");
    const { flags, args } = parseLine(probe, GLOBAL_FLAGS, words, () => undefined);
    await probe.run({ flags, args: args as Record<string, string>, io, logger, entry: "", words: ["run", ...words] });
  }
  const folder = (name: string) => `/d/tendril/namespaces/${name}`;
  assert.deepEqual(seen, [
    [folder("w"), "w", `run --grace 1 ${folder("w")}`],
    [folder("w"), "w", `run --grace 1 ${folder("w")}`],
    [folder("w"), "w", `run ${folder("w")}`],
    [folder("w"), "w", `run ${folder("w")}`],
    ["w", undefined, "run w"],
    [folder("default"), "default", `run --grace 1 ${folder("default")}`],
  ]);
});
