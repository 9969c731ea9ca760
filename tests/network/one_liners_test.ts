/** `expose` and `forward` as a developer uses them: as few words as can be, and as few permissions. */

import assert from "node:assert/strict";
import { TestAuthority } from "../../agent/transport/testing_certs.ts";
import { bundle } from "../support/bundle.ts";
import { freePort } from "../support/ports.ts";
import { type Process, run, start, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { edgeFolder, type InteriorFolder, interiorFolder } from "../support/site_folder.ts";
import { tendril, tendrilArgs } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 60_000;
const PERMISSIONS = ["--ignore-env", "--allow-net", "--allow-read"];

/** A hub that runs, a folder called `My Shop` with a link file in it, and what was started there. */
class Desk implements AsyncDisposable {
  readonly #processes: Process[] = [];

  private constructor(readonly dir: string, readonly cwd: string, readonly hub: InteriorFolder) {}

  static async open(): Promise<Desk> {
    const dir = await Deno.makeTempDir();
    const desk = new Desk(dir, `${dir}/My Shop`, await interiorFolder(`${dir}/hub`));
    await Deno.mkdir(desk.cwd);
    const { stdout } = await tendril("link", "generate", "--dir", `${dir}/hub`, "--host", "127.0.0.1");
    await Deno.writeTextFile(`${desk.cwd}/link.yaml`, stdout, { mode: 0o600 });
    const hub = desk.start("hub", [...PERMISSIONS, "--allow-write", "--allow-sys"], ["run", `${dir}/hub`]);
    await until(() => hub.output().includes("accepting peers"), LIMIT_MS);
    return desk;
  }

  start(name: string, permissions: readonly string[], words: readonly string[]): Process {
    return this.deno(name, tendrilArgs(permissions, words));
  }

  deno(name: string, args: readonly string[]): Process {
    const process = start(name, Deno.execPath(), args, { cwd: this.cwd });
    this.#processes.push(process);
    return process;
  }

  /** The `deno run` line that a command prints for itself, as arguments of `deno`. */
  async printed(...line: string[]): Promise<string[]> {
    const args = tendrilArgs([...PERMISSIONS, "--no-prompt"], [...line, "--print-permissions"]);
    const { code, stdout, stderr } = await run(Deno.execPath(), args, { cwd: this.cwd });
    assert.equal(code, 0, stderr);
    const words = await run("sh", ["-c", `printf '%s\\n' ${stdout.trimEnd()}`]);
    const [deno, ...rest] = words.stdout.trimEnd().split("\n");
    assert.equal(deno, "deno");
    return rest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
    await Deno.remove(this.dir, { recursive: true });
  }
}

function answering(text: string): { port: number } & AsyncDisposable {
  const headers = { connection: "close" };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response(text, { headers }));
  return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** The port that `forward` printed for `key`, once it has. */
async function portOf(forward: Process, key: string): Promise<number> {
  const line = new RegExp(`^127\\.0\\.0\\.1:(\\d+) -> ${key}$`, "m");
  await until(() => line.test(forward.output()), LIMIT_MS).catch(() => assert.fail(forward.output()));
  return Number(line.exec(forward.output())?.[1]);
}

const textAt = async (port: number) => await (await fetch(`http://127.0.0.1:${port}/`)).text();

Deno.test("one-liners: services are exposed by their ports alone, and the lines that are printed reach them", async () => {
  await using desk = await Desk.open();
  await using one = answering("one");
  await using two = answering("two");
  const services = [`${one.port}`, `localhost:${two.port}`, `named=127.0.0.1:${two.port}`];
  const expose = desk.start("expose", PERMISSIONS, ["expose", ...services, "--link", "link.yaml"]);
  await until(() => expose.output().includes("named ->"), LIMIT_MS);
  const lines = [...expose.output().matchAll(/^(\S+) -> \S+\n {2}tendril (forward \S+ --link link\.yaml)$/gm)];
  assert.equal(lines.length, 3, expose.output());
  assert.match(lines[0]?.[1] ?? "", new RegExp(`^my-shop-${one.port}-[a-z2-9]{5}$`));
  assert.match(lines[1]?.[1] ?? "", new RegExp(`^my-shop-${two.port}-[a-z2-9]{5}$`));
  for (const [index, text] of ["one", "two", "two"].entries()) {
    const [, key = "", line = ""] = lines[index] ?? [];
    const forward = desk.start("forward", PERMISSIONS, line.split(" "));
    assert.equal(await textAt(await portOf(forward, key)), text);
  }
  const keys = lines.map(([, key = ""]) => key);
  const all = desk.start("all", PERMISSIONS, ["forward", ...keys, "--link", "link.yaml"]);
  assert.equal(await textAt(await portOf(all, keys[2] ?? "")), "two");
  assert.equal(await textAt(await portOf(all, keys[0] ?? "")), "one");
});

Deno.test("one-liners: a port where nobody listens is warned of and waited for", async () => {
  await using desk = await Desk.open();
  const [port, local] = [freePort(), freePort()];
  const expose = desk.start("expose", PERMISSIONS, ["expose", "web", `${port}`, "--link", "link.yaml"]);
  const forward = desk.start("forward", PERMISSIONS, ["forward", "web", `${local}`, "--link", "link.yaml"]);
  await until(() => expose.output().includes("nobody answers at the target, which is waited for"), LIMIT_MS);
  await untilListening(local, forward, LIMIT_MS);
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, () => new Response("at last"));
  try {
    await until(() => expose.output().includes("the target answers"), LIMIT_MS);
    assert.equal(await textAt(local), "at last");
  } finally {
    await server.shutdown();
  }
});

/** Every way to take one flag, or one of several values of a flag, out of `args`. */
function withOneLess(args: readonly string[]): string[][] {
  return args.flatMap((arg, index) => {
    if (!/^--(allow|ignore)-/.test(arg)) return [];
    const [flag = "", values = ""] = arg.split(/=(.*)/);
    const parts = values === "" ? [] : values.split(",");
    const fewer = parts.length < 2 ? [[]] : parts.map((_, at) => [`${flag}=${parts.toSpliced(at, 1).join(",")}`]);
    return fewer.map((kept) => [...args.slice(0, index), ...kept, ...args.slice(index + 1)]);
  });
}

Deno.test("one-liners: the line of --print-permissions carries traffic, and with one permission less it does not", async () => {
  await using desk = await Desk.open();
  await using one = answering("one");
  await using two = answering("two");
  const [port, other] = [freePort(), freePort()];
  const through = ["--link", "link.yaml"];
  const exposing = await desk.printed("expose", "a", `${one.port}`, `b=localhost:${two.port}`, ...through);
  const forwarding = await desk.printed("forward", "a", `${port}`, `b=${other}`, ...through);
  {
    const expose = desk.deno("expose", exposing);
    const forward = desk.deno("forward", forwarding);
    await untilListening(port, forward, LIMIT_MS);
    assert.equal(await textAt(port), "one", expose.output());
    await untilListening(other, forward, LIMIT_MS);
    assert.equal(await textAt(other), "two", expose.output());
    await forward.stop();
    const lines = withOneLess(exposing);
    assert.equal(lines.length, 5, `environment, file, link and two targets: ${exposing}`);
    for (const args of lines) {
      const { code, stderr } = await run(Deno.execPath(), [...args, "--wait", "1"], { cwd: desk.cwd });
      assert.ok(code !== 0 && /PERMISSION|NotCapable|Requires/.test(stderr), `${args}: ${stderr}`);
    }
    const less = withOneLess(forwarding);
    assert.equal(less.length, 5, `environment, file, link and two ports: ${forwarding}`);
    for (const args of less) {
      const process = desk.deno("forward", [...args, "--wait", "1"]);
      // A port that may not be opened is told of and tried again; everything else ends the command.
      const refused = () => /can't open its port.*(Requires net|NotCapable)/.test(process.output());
      let code = 0;
      process.ended.then((ended) => code = ended);
      await until(() => refused() || code !== 0, LIMIT_MS);
      assert.match(process.output(), /PERMISSION|NotCapable|Requires/);
      await process.stop();
    }
  }
});

Deno.test("one-liners: `run --print-permissions` prints what an edge and an interior need, and no more", async () => {
  await using desk = await Desk.open();
  await using one = answering("one");
  const port = freePort();
  await edgeFolder(`${desk.cwd}/west`, "west", desk.hub, {
    listeners: [{ key: "a", port }],
    connectors: [{ key: "a", port: one.port }],
  });
  const line = await desk.printed("run", "west");
  const west = desk.deno("west", line);
  await untilListening(port, west, LIMIT_MS);
  assert.equal(await textAt(port), "one");
  assert.ok(!/WARN|ERROR/.test(west.output()), west.output());
  await west.stop();
  for (const args of withOneLess(line)) {
    const process = desk.deno("west", args);
    const told = () => /PERMISSION|NotCapable|Requires|not found in the list/.test(process.output());
    // It may come out only when a client wants to go through. Without its socket a site runs all the same, and says so.
    await until(async () => {
      await textAt(port).catch(() => {});
      return told();
    }, LIMIT_MS).catch(() => assert.fail(`${args}: ${process.output()}`));
    await process.stop();
  }
  // The port for tokens is known once one was issued; whoever renews certificates writes to the folder.
  const grant = freePort();
  const words = ["token", "issue", `${desk.dir}/t`, "--dir", `${desk.dir}/hub`, "--grant-port", `${grant}`];
  assert.equal((await tendril(...words)).code, 0);
  const { edgePort, interRouterPort, amqpPort } = desk.hub;
  const ports = (await desk.printed("run", "../hub")).find((word) => word.startsWith("--allow-net="))?.slice(12)
    .split(",");
  const [socket, ...rest] = (ports ?? []).toReversed();
  assert.equal(socket, `unix:${await Deno.realPath(desk.dir)}/hub/run/amqp.sock`);
  const wanted = [edgePort, interRouterPort, amqpPort, grant].map((port) => `127.0.0.1:${port}`);
  assert.deepEqual(rest.sort(), wanted.sort());
  assert.ok((await desk.printed("run", "../hub")).includes("--allow-write=../hub"));
});

Deno.test("one-liners: a token is not spent for --print-permissions, and the printed line redeems it", async () => {
  await using desk = await Desk.open();
  await using one = answering("one");
  const grant = `${freePort()}`;
  const words = ["--dir", `${desk.dir}/hub`, "--grant-port", grant, "--redemptions-allowed", "2"];
  const issued = await tendril("token", "issue", `${desk.cwd}/dev.token`, ...words);
  assert.equal(issued.code, 0, issued.stderr);
  const expose = await desk.printed("expose", "web", `${one.port}`, "--token", "dev.token");
  assert.deepEqual(expose.slice(0, 4), [
    "run",
    "--ignore-env",
    "--allow-read=dev.token",
    "--allow-net=127.0.0.1",
  ]);
  desk.deno("expose", expose);
  const forward = desk.deno("forward", await desk.printed("forward", "web", "--token", "dev.token"));
  assert.equal(await textAt(await portOf(forward, "web")), "one");
});

Deno.test("one-liners: what `deno install -g` makes is a program like any other", async () => {
  const root = await Deno.makeTempDir();
  try {
    const program = await bundle(root);
    const args = ["install", "-g", "--quiet", "-n", "tendril", ...PERMISSIONS, "--allow-write", program];
    const env = { DENO_INSTALL_ROOT: root };
    const installed = await run(Deno.execPath(), args, { env });
    assert.equal(installed.code, 0, installed.stderr);
    const path = `${Deno.execPath().replace(/\/[^/]*$/, "")}:${Deno.env.get("PATH")}`;
    const tendril = `${root}/bin/tendril`;
    const options = { cwd: root, env: { ...env, PATH: path } };
    const made = await run(tendril, ["site", "create", "west", "--dir", "west", "--edge"], options);
    assert.equal(made.code, 0, made.stderr);
    assert.ok((await Deno.stat(`${root}/west`)).isDirectory);
    assert.equal((await run(tendril, ["expose", "web"], options)).code, 2);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("one-liners: the line of the README installs the program of a source tree", async () => {
  const root = await Deno.makeTempDir();
  try {
    const source = new URL("../../", import.meta.url).pathname;
    const readme = await Deno.readTextFile(`${source}README.md`);
    const [, line = ""] = /^deno (install .* agent\/main\.ts)$/m.exec(readme) ?? [];
    const env = { DENO_INSTALL_ROOT: root };
    const installed = await run(Deno.execPath(), line.split(" "), { env, cwd: source });
    assert.equal(installed.code, 0, installed.stderr);
    const path = `${Deno.execPath().replace(/\/[^/]*$/, "")}:${Deno.env.get("PATH")}`;
    const options = { cwd: root, env: { ...env, PATH: path } };
    const made = await run(`${root}/bin/tendril`, ["site", "create", "west", "--dir", "west", "--edge"], options);
    assert.equal(made.code, 0, made.stderr);
    assert.ok((await Deno.stat(`${root}/west`)).isDirectory);
    assert.equal((await run(`${root}/bin/tendril`, ["expose", "web"], options)).code, 2);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

/** A server with TLS that wants a certificate of its clients, and one that does not. */
function nginxConfig(dir: string, wanting: number, plain: number): string {
  const tls = `ssl_certificate ${dir}/tls.crt; ssl_certificate_key ${dir}/tls.key;`;
  return `daemon off; master_process off; pid ${dir}/pid; error_log stderr;
events {}
http {
  access_log off; client_body_temp_path ${dir}/t; proxy_temp_path ${dir}/t; fastcgi_temp_path ${dir}/t;
  uwsgi_temp_path ${dir}/t; scgi_temp_path ${dir}/t;
  server {
    listen 127.0.0.1:${wanting} ssl; ${tls} ssl_verify_client on; ssl_client_certificate ${dir}/ca.crt;
    location / { return 200 "known as $ssl_client_s_dn"; }
  }
  server { listen 127.0.0.1:${plain} ssl; ${tls} location / { return 200 "in TLS"; } }
}
`;
}

testWith(
  ["curl", "nginx"],
  "one-liners: TLS at the local port and to the target, each by its own flags, with exactly their permissions",
  async ({ curl, nginx }, t) => {
    await using desk = await Desk.open();
    const authority = await TestAuthority.create("ca");
    const { cert, key } = await authority.issue({ name: "web", dns: ["localhost"] });
    for (const [name, text] of [["tls.crt", cert], ["tls.key", key], ["ca.crt", authority.pem]]) {
      await Deno.writeTextFile(`${desk.cwd}/${name}`, text!);
    }
    const [wanting, plain] = [freePort(), freePort()];
    // Its language has no words for a blank in a path.
    await Deno.symlink(desk.cwd, `${desk.dir}/web`);
    await Deno.writeTextFile(`${desk.dir}/nginx.conf`, nginxConfig(`${desk.dir}/web`, wanting, plain));
    await using server = start("nginx", nginx!, ["-p", desk.dir, "-c", `${desk.dir}/nginx.conf`]);
    await untilListening(plain, server);
    const own = ["--tls-cert", "tls.crt", "--tls-key", "tls.key"];
    const through = ["--protocol", "http1", "--link", "link.yaml"];
    const ask = async (url: string, ...words: string[]) => {
      const { stdout, stderr } = await run(curl!, ["-sS", "--max-time", "20", ...words, url], { cwd: desk.cwd });
      return stdout + stderr;
    };

    await t.step("a client certificate for the target, a server certificate for clients", async () => {
      const port = freePort();
      const known = ["expose", "a", `localhost:${wanting}`, "--tls-ca", "ca.crt", ...own, ...through];
      const exposing = await desk.printed(...known);
      const forwarding = await desk.printed("forward", "a", `${port}`, ...own, ...through);
      const reads = (args: string[]) => args.find((arg) => arg.startsWith("--allow-read"));
      assert.equal(reads(exposing), "--allow-read=link.yaml,ca.crt,tls.crt,tls.key");
      assert.equal(reads(forwarding), "--allow-read=link.yaml,tls.crt,tls.key");
      const expose = desk.deno("expose", exposing);
      const forward = desk.deno("forward", forwarding);
      await untilListening(port, forward, LIMIT_MS);
      assert.equal(await ask(`https://localhost:${port}/`, "--cacert", "ca.crt"), "known as CN=web", expose.output());
      assert.match(await ask(`http://localhost:${port}/`), /curl: /, "in the clear there is nothing");
      for (const [line, args] of [["expose", exposing], ["forward", forwarding]] as const) {
        for (const less of withOneLess(args).filter((less) => reads(less) !== reads([...args]))) {
          const { code, stderr } = await run(Deno.execPath(), [...less, "--wait", "1"], { cwd: desk.cwd });
          assert.ok(code !== 0 && /PERMISSION|NotCapable|Requires/.test(stderr), `${line}: ${less}: ${stderr}`);
        }
      }
    });

    await t.step(
      "whom the machine trusts is enough only for those; a name that does not fit needs to be waived",
      async () => {
        const ports = [freePort(), freePort(), freePort()] as const;
        const ca = ["--tls-ca", "ca.crt"];
        const exposed = [
          ["roots", `localhost:${plain}`, "--tls"],
          ["name", `127.0.0.1:${plain}`, ...ca],
          ["any", `127.0.0.1:${plain}`, ...ca, "--any-hostname"],
        ];
        const lines = await Promise.all(exposed.map((words) => desk.printed("expose", ...words, ...through)));
        assert.match(lines[0]!.join(" "), /--allow-read=link\.yaml,\/etc\/\S+ /);
        const [roots, name] = lines.map((args) => desk.deno("expose", args));
        const keys = ["roots", "name", "any"].map((key, at) => `${key}=${ports[at]}`);
        const forward = desk.start("forward", PERMISSIONS, ["forward", ...keys, ...through]);
        for (const port of ports) await untilListening(port, forward, LIMIT_MS);
        assert.equal(await ask(`http://127.0.0.1:${ports[2]}/`), "in TLS");
        for (const [port, process, code] of [[ports[0], roots, "CA"], [ports[1], name, "NAME"]] as const) {
          await ask(`http://127.0.0.1:${port}/`);
          await until(() => process!.output().includes(`TARGET_TLS_${code}`), LIMIT_MS);
        }
      },
    );

    await t.step("half of a pair, and what is no PEM, are refused at once", async () => {
      const half = await run(Deno.execPath(), tendrilArgs(PERMISSIONS, ["forward", "a", "--tls-cert", "tls.crt"]), {
        cwd: desk.cwd,
      });
      assert.equal(half.code, 2);
      assert.match(half.stderr, /USAGE_FLAG_MISSING.*--tls-key is missing|--tls-key is missing/);
      const words = ["expose", "a", "1", "--tls-ca", "link.yaml", ...through];
      const wrong = await run(Deno.execPath(), tendrilArgs(PERMISSIONS, words), { cwd: desk.cwd });
      assert.equal(wrong.code, 3);
      assert.match(wrong.stderr, /link\.yaml: ca\.crt is not PEM/);
    });
  },
);
