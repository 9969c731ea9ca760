/** The one file that `deno task bundle` makes, served over HTTP to a Deno with an empty cache and few permissions. */

import assert from "node:assert/strict";
import { bundle } from "../support/bundle.ts";
import { freePort } from "../support/ports.ts";
import { run, start, untilListening } from "../support/processes.ts";
import { interiorFolder } from "../support/site_folder.ts";
import { startTendril, tendril } from "../support/tendril.ts";

Deno.test("the bundle runs from a web server with the permissions of the README: expose and forward carry a request", async () => {
  const dir = await Deno.makeTempDir();
  const program = await Deno.readFile(await bundle(dir));
  const web = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(program, { headers: { "content-type": "text/javascript", "connection": "close" } }),
  );
  const target = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("from afar", { headers: { connection: "close" } }),
  );
  const url = `http://127.0.0.1:${web.addr.port}/tendril.js`;
  const hubFolder = await interiorFolder(`${dir}/hub`);
  const link = await tendril("link", "generate", "--dir", `${dir}/hub`, "--host", "127.0.0.1");
  await Deno.writeTextFile(`${dir}/link.yaml`, link.stdout, { mode: 0o600 });
  const hub = startTendril("hub", ["run", `${dir}/hub`]);
  const listenPort = freePort();
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const permissions = /deno run (.*) dist\/tendril\.js expose/.exec(readme)?.[1]?.split(" ") ?? [];
  assert.deepEqual(permissions, ["--ignore-env", "--allow-net", "--allow-read=link.yaml"], "as the README says");
  const once = (name: string, args: string[]) =>
    start(name, Deno.execPath(), [
      "run",
      "--no-config",
      "--no-prompt",
      ...permissions,
      url,
      ...args,
      "--link",
      "link.yaml",
    ], {
      cwd: dir,
      env: { DENO_DIR: `${dir}/cache-${name}` },
    });
  await untilListening(hubFolder.edgePort, hub);
  const expose = once("expose", ["expose", "web", `127.0.0.1:${target.addr.port}`]);
  const forward = once("forward", ["forward", "web", `${listenPort}`]);
  try {
    await untilListening(listenPort, forward, 30_000);
    const response = await fetch(`http://127.0.0.1:${listenPort}/`);
    assert.equal(await response.text(), "from afar", `${expose.output()}\n${forward.output()}`);
  } finally {
    await Promise.all([expose.stop(), forward.stop(), hub.stop(), web.shutdown(), target.shutdown()]);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("the bundle makes and builds a plugin, which is the one that the source tree builds", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const program = await bundle(dir);
    assert.ok((await Deno.stat(program)).size < 4 * 1024 * 1024, "the compiler is not inside");
    const once = async (permissions: string[], ...words: string[]) => {
      const args = ["run", "--no-config", "--no-prompt", "--ignore-env", ...permissions, program, ...words];
      const { code, stdout, stderr } = await run(Deno.execPath(), args, { cwd: dir });
      assert.equal(code, 0, stderr);
      return stdout;
    };
    await once(["--allow-read=mine", "--allow-write=mine"], "adaptor", "new", "mine");
    const facts = await once(
      ["--allow-read=mine", "--allow-write=a.wasm"],
      "adaptor",
      "build",
      "mine",
      "--out",
      "a.wasm",
      "-o",
      "json",
    );
    const built = await tendril("adaptor", "build", `${dir}/mine`, "-o", "json");
    assert.equal(JSON.parse(facts).sha256, JSON.parse(built.stdout).sha256);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("the bundle says what to do where the compiler of plugins can't be fetched", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const program = await bundle(dir);
    const once = (...words: string[]) =>
      run(Deno.execPath(), [
        "run",
        "--no-config",
        "--no-prompt",
        "--ignore-env",
        "--allow-read=.",
        "--allow-write=.",
        program,
        ...words,
      ], {
        cwd: dir,
        // Nothing is cached, and there is no network.
        env: { DENO_DIR: `${dir}/empty`, NPM_CONFIG_REGISTRY: `http://127.0.0.1:${freePort()}/` },
      });
    assert.equal((await once("adaptor", "new", "mine")).code, 0);
    const { code, stderr } = await once("adaptor", "build", "mine");
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /error\[ADAPTOR_TOOL\]: npm:assemblyscript@\S+ is not in Deno's cache[\s\S]*next: .*deno cache npm:/,
    );
    assert.doesNotMatch(stderr, /INTERNAL_FAULT/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
