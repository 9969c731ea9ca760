/** The adaptor decides about every connection: another module in its place lets nothing through, and none at all nothing start. */

import assert from "node:assert/strict";
import { withNetwork } from "../support/network.ts";
import { run } from "../support/processes.ts";
import { connect, echo, readExactly, readToEnd, server, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const BUILTIN = "agent/adaptor/builtin";
const CLIENTS = 5;

/** Runs `body` with a copy of the program's source tree. */
async function withCopy(body: (tree: string) => Promise<void>): Promise<void> {
  const tree = await Deno.makeTempDir();
  try {
    const parts = ["agent", "interior", "adaptors", "deno.json", "deno.lock"].map((part) => `${ROOT}${part}`);
    const copied = await run("cp", ["-r", ...parts, tree]);
    assert.equal(copied.code, 0, copied.stderr);
    await body(tree);
  } finally {
    await Deno.remove(tree, { recursive: true });
  }
}

/** Puts the adaptor that answers CLOSE in the place of TCP's, and builds it as a developer would. */
async function replaceTcp(tree: string): Promise<void> {
  const closing = await Deno.readTextFile(`${tree}/adaptors/testing/assembly/close_at_open.ts`);
  const named = closing.replace('"name":"close-at-open"', '"name":"tcp"').replace(
    '"roles":["listener"]',
    '"roles":["listener","connector"]',
  );
  await Deno.writeTextFile(`${tree}/adaptors/tcp/assembly/index.ts`, named);
  const built = await run(Deno.execPath(), ["task", "build"], { cwd: tree });
  assert.equal(built.code, 0, built.stderr);
}

Deno.test("plugin decides: with a TCP adaptor that answers CLOSE not one octet passes, at whichever end it is", () =>
  withCopy(async (tree) => {
    await replaceTcp(tree);
    const replaced = { main: `${tree}/agent/main.ts` };
    for (const end of ["west", "east", undefined] as const) {
      let octets = 0;
      using target = server(async (conn) => {
        await conn.read(new Uint8Array(1)).then((read) => octets += read ?? 0);
        await echo(conn);
      });
      await withNetwork({ echo: target.port }, async ({ ports, ...network }) => {
        for (let client = 0; client < CLIENTS; client++) {
          const conn = await connect(ports.echo);
          const writing = writeAll(conn, new Uint8Array(1000)).catch(() => {});
          if (end === undefined) assert.ok(await readExactly(conn, 999));
          else assert.equal(await readToEnd(conn).catch(() => 0), 0);
          await writing;
          conn.close();
        }
        if (end !== undefined) await until(() => network[end].output().includes("no, thank you"));
      }, end === undefined ? {} : { [end]: replaced });
      // The same network with nothing replaced shows that it was the adaptor alone.
      assert.equal(octets > 0, end === undefined, `${end} has another adaptor, and ${octets} octets passed`);
    }
  }));

Deno.test("plugin decides: without the adaptor's module no site runs, and the demo fails with the name of what is missing", () =>
  withCopy(async (tree) => {
    for (const form of ["tcp.ts", "tcp.wasm"]) await Deno.remove(`${tree}/${BUILTIN}/${form}`);
    const demo = await run(Deno.execPath(), ["task", "demo", "--once"], { cwd: tree });
    assert.notEqual(demo.code, 0);
    assert.match(demo.stderr, /tcp\.ts/);
    assert.match(demo.stderr, /error/i);
    assert.doesNotMatch(demo.stdout, /-> 200/);
    const check = await run(Deno.execPath(), ["task", "build", "--check"], { cwd: tree });
    assert.notEqual(check.code, 0, "the step of the tests that compares the modules passes without them");
    assert.match(check.stderr, /tcp\.wasm differs/);
  }));

Deno.test("plugin decides: a module that is not the one of the manifest is refused before it is looked at", () =>
  withCopy(async (tree) => {
    const manifest = `${tree}/${BUILTIN}/manifest.json`;
    const text = await Deno.readTextFile(manifest);
    await Deno.writeTextFile(manifest, text.replace(/("tcp": "sha256:)[0-9a-f]{64}/, `$1${"0".repeat(64)}`));
    const demo = await run(Deno.execPath(), ["task", "demo", "--once"], { cwd: tree });
    assert.notEqual(demo.code, 0);
    assert.match(demo.stderr, /ADAPTOR_DIGEST|digest|sha256/);
    assert.doesNotMatch(demo.stdout, /-> 200/);
  }));
