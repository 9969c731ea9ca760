/** The program that an interior hands out at its port for tokens, to a developer who has nothing but Deno. */

import assert from "node:assert/strict";
import { bundle } from "../support/bundle.ts";
import { freePort } from "../support/ports.ts";
import { type Process, run, start, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { type InteriorFolder, interiorFolder } from "../support/site_folder.ts";
import { tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;

/** A hub that runs from the bundle and issues a token for two, as `dev/dev.token`; `said` is what that printed. */
interface Stage {
  readonly dir: string;
  readonly hub: Process;
  readonly folder: InteriorFolder;
  readonly grantPort: number;
  readonly program: string;
  readonly said: string;
}

async function withHub(body: (stage: Stage) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const grantPort = freePort();
  try {
    const program = await bundle(dir);
    await Deno.mkdir(`${dir}/dev`);
    const folder = await interiorFolder(`${dir}/hub`);
    const flags = ["--no-config", "--ignore-env", "--allow-net", `--allow-read=${dir}`, `--allow-write=${dir}/hub`];
    await using hub = start("hub", Deno.execPath(), [
      ...["run", "--quiet", ...flags, program, "run", `${dir}/hub`, "--log-level", "debug"],
    ]);
    await untilListening(folder.edgePort, hub, LIMIT_MS);
    const issued = await tendril(
      ...["token", "issue", `${dir}/dev/dev.token`, "--dir", `${dir}/hub`, "--grant-port", `${grantPort}`],
      ...["--grant-host", "127.0.0.1", "--ca-file", `${dir}/dev/ca.crt`, "--redemptions-allowed", "2"],
    );
    assert.equal(issued.code, 0, issued.stderr);
    await body({ dir, hub, folder, grantPort, program, said: issued.stdout });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("served bundle: the line that `token issue` prints exposes a port, from a Deno with an empty cache", async () => {
  await withHub(async ({ dir, program, said, hub }) => {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(program))).toHex();
    assert.ok(said.includes(`SHA-256 of the program: ${hash}\n`), said);
    const [, line = ""] = /^ {2}deno (run .*)$/m.exec(said) ?? [];
    await using target = serve("from the desk");
    const words = line.replaceAll("3000", `${target.port}`).split(" ");
    const cached = (name: string) => ({ cwd: `${dir}/dev`, env: { DENO_DIR: `${dir}/cache-${name}` } });
    await using expose = start("expose", Deno.execPath(), words, cached("expose"));
    await until(() => expose.output().includes("routing key is reachable"), LIMIT_MS)
      .catch(() => assert.fail(`${line}\n${expose.output()}\n${hub.output()}`));
    // What it prints is the way for the next one, who has a token with a use left.
    const [, forwarding = ""] = /^ {2}deno (run .* forward .*)$/m.exec(expose.output()) ?? [];
    assert.match(expose.output(), /^FILE is another token/m);
    const forward = start(
      "forward",
      Deno.execPath(),
      forwarding.replaceAll("FILE", "dev.token").split(" "),
      cached("forward"),
    );
    try {
      const open = /^127\.0\.0\.1:(\d+) -> /m;
      await until(() => open.test(forward.output()), LIMIT_MS).catch(() => assert.fail(forward.output()));
      const response = await fetch(`http://127.0.0.1:${open.exec(forward.output())?.[1]}/`);
      assert.equal(await response.text(), "from the desk");
    } finally {
      await forward.stop();
    }
    using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(`${dir}/dev/ca.crt`)] });
    // Deno's own option, which the types of browsers don't have.
    const options: RequestInit & { client: Deno.HttpClient } = { client };
    const url = /https:\S+\/tendril\.js/.exec(said)?.[0] ?? "";
    const loaded = await fetch(url, options);
    assert.equal(loaded.headers.get("etag"), `"sha256:${hash}"`);
    assert.deepEqual(await loaded.bytes(), await Deno.readFile(program));
    // Who stops in the middle harms nobody.
    const stopped = await fetch(url, options);
    await stopped.body?.cancel();
    assert.equal((await tendril("token", "inspect", `${dir}/dev/dev.token`)).code, 0);
  });
});

testWith(["openssl"], "served bundle: a TLS ticket that came with the program opens no port for links", async () => {
  await withHub(async ({ dir, hub, folder: { edgePort, interRouterPort }, grantPort }) => {
    const openssl = async (port: number, flag: string) => {
      const command =
        `(printf "GET /tendril.js HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n"; sleep 1) | timeout 5 openssl s_client "$@"`;
      const args = ["-quiet", "-connect", `127.0.0.1:${port}`, "-tls1_3", flag, `${dir}/ticket`];
      return (await run("sh", ["-c", command, "sh", ...args])).stdout;
    };
    for (const [count, port] of [edgePort, interRouterPort].entries()) {
      assert.match(await openssl(grantPort, "-sess_out"), /^HTTP\/1\.1 200 [\s\S]*etag: "sha256:/);
      assert.ok((await Deno.stat(`${dir}/ticket`)).size > 0, "a ticket was given");
      await openssl(port, "-sess_in");
      // Any other reason would mean that the ticket was not taken, and that this test tests nothing.
      await until(() => hub.output().split("LINK_TLS_RESUMED").length > count + 1, LIMIT_MS);
      await Deno.remove(`${dir}/ticket`);
    }
  });
});

Deno.test("served bundle: a site that has none says so, and its tokens come without the line", async () => {
  const dir = await Deno.makeTempDir();
  const grantPort = freePort();
  try {
    const folder = await interiorFolder(`${dir}/hub`);
    const program = await bundle(dir);
    const flags = ["--no-config", "--ignore-env", "--allow-net", `--allow-read=${dir}/hub`, `--allow-write=${dir}/hub`];
    await using hub = start("hub", Deno.execPath(), [
      "run",
      "--quiet",
      "--no-prompt",
      ...flags,
      program,
      "run",
      `${dir}/hub`,
    ]);
    await untilListening(folder.edgePort, hub, LIMIT_MS);
    const words = ["--dir", `${dir}/hub`, "--grant-port", `${grantPort}`, "--grant-host", "127.0.0.1"];
    const { code, stdout, stderr } = await tendril("token", "issue", `${dir}/west.token`, ...words);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, /the running site redeems it/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

function serve(text: string): { port: number } & AsyncDisposable {
  const headers = { connection: "close" };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response(text, { headers }));
  return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}
