/** Tokens with real processes: issued by a running site, redeemed by others, and everything that goes wrong in between. */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { parse } from "yaml";
import { freePort } from "../support/ports.ts";
import { type Process, untilListening } from "../support/processes.ts";
import { interiorFolder } from "../support/site_folder.ts";
import { closeQuietly, connect, server, writeAll } from "../support/tcp.ts";
import { type StartOptions, startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;
const TEN_MINUTES = 600_000;

/** A hub that runs, and what is done with it. */
class Stage implements AsyncDisposable {
  readonly #processes: Process[] = [];
  readonly #codes: string[] = [];
  #hub: Process | undefined;

  private constructor(readonly dir: string, readonly grantPort: number) {}

  static async open(): Promise<Stage> {
    const stage = new Stage(await Deno.makeTempDir(), freePort());
    await interiorFolder(`${stage.dir}/hub`);
    stage.startHub();
    await until(() => stage.#hub!.output().includes("accepting peers"), LIMIT_MS);
    return stage;
  }

  /** The hub's process. */
  get hub(): Process {
    return this.#hub!;
  }

  startHub(options: StartOptions = {}): void {
    this.#hub = this.start("hub", ["run", `${this.dir}/hub`], options);
  }

  /** Starts a hub that has ended, until it redeems tokens. */
  async restartHub(options: StartOptions = {}): Promise<void> {
    this.startHub(options);
    await untilListening(this.grantPort, this.hub, LIMIT_MS);
  }

  /** Creates an edge that is linked to nothing; its folder. */
  async createWest(): Promise<string> {
    const dir = `${this.dir}/west`;
    assert.equal((await tendril("site", "create", "west", "--dir", dir, "--edge")).code, 0);
    return dir;
  }

  start(name: string, words: readonly string[], options: StartOptions = {}): Process {
    const process = startTendril(name, words, options);
    this.#processes.push(process);
    return process;
  }

  /** Issues a token; the path of its file. */
  async issue(name: string, ...words: string[]): Promise<string> {
    const file = `${this.dir}/${name}.token`;
    const port = ["--grant-port", `${this.grantPort}`];
    const { code, stderr } = await tendril("token", "issue", file, "--dir", `${this.dir}/hub`, ...port, ...words);
    assert.equal(code, 0, stderr);
    this.#codes.push(await codeIn(file));
    return file;
  }

  /** Redeems a token for nobody in particular; the exit code, and the code of the error. */
  async redeem(file: string): Promise<string> {
    const { code, stdout, stderr } = await tendril("token", "redeem", file);
    if (code === 0) assert.match(stdout, /^---\napiVersion: v1\nkind: Secret\n[\s\S]*\nkind: Link\n/);
    return code === 0 ? "redeemed" : `${code} ${/error\[(\w+)\]/.exec(stderr)?.[1]} ${/next: \S/.test(stderr)}`;
  }

  /** Another version of a token, with one text replaced. */
  async forge(file: string, from: string | RegExp, to: string): Promise<string> {
    const forged = `${file}.${crypto.randomUUID()}`;
    await Deno.writeTextFile(forged, (await Deno.readTextFile(file)).replace(from, to));
    return forged;
  }

  /** Ends all processes, and fails if any of them has told a code. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
    await Deno.remove(this.dir, { recursive: true });
    for (const { name, output } of this.#processes) {
      for (const code of this.#codes) assert.ok(!output().includes(code), `${name} has told a code`);
    }
  }
}

async function codeIn(file: string): Promise<string> {
  return parse(await Deno.readTextFile(file)).spec.code;
}

Deno.test("tokens: with the commands of the README a service is reached at once, by two sites behind their firewalls", async () => {
  await using stage = await Stage.open();
  using web = server(async (conn) => {
    await conn.read(new Uint8Array(4096));
    await conn.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello\n"));
  });
  const token = await stage.issue("two", "--grant-host", "127.0.0.1", "--redemptions-allowed", "2");
  const port = freePort();
  stage.start("expose", ["expose", "web", `127.0.0.1:${web.port}`, "--token", token]);
  const forward = stage.start("forward", ["forward", "web", `${port}`, "--token", token]);
  await untilListening(port, forward, LIMIT_MS);
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "hello\n");
  assert.equal(await stage.redeem(token), "1 TOKEN_USED_UP true");
});

Deno.test("tokens: a site that runs takes the link of a redeemed token into use", async () => {
  await using stage = await Stage.open();
  const west = await stage.createWest();
  const process = stage.start("west", ["run", west]);
  await until(() => process.output().includes("site is running"), LIMIT_MS);
  const token = await stage.issue("west");
  const { code, stderr } = await tendril("token", "redeem", token, "--dir", west);
  assert.equal(code, 0, stderr);
  await until(() => process.output().includes("link is active"), LIMIT_MS);
  const name = parse(await Deno.readTextFile(token)).metadata.name;
  assert.equal((await Deno.stat(`${west}/Link-${name}.yaml`)).mode! & 0o777, 0o600);
  const again = await tendril("token", "redeem", token, "--dir", west);
  assert.match(again.stderr, /error\[TOKEN_REDEEMED\]/);
  assert.equal(again.code, 3);
});

Deno.test("tokens: with --wait a running site is linked when the command ends, and without one no use is spent", async () => {
  await using stage = await Stage.open();
  const west = await stage.createWest();
  const token = await stage.issue("west");
  const redeem = (...words: string[]) => tendril("token", "redeem", token, "--wait", "operational", ...words);
  const nowhere = await redeem();
  assert.deepEqual([nowhere.code, /error\[USAGE_FLAG_CONFLICT\]/.test(nowhere.stderr)], [2, true], nowhere.stderr);
  const stopped = await redeem("--dir", west);
  assert.match(stopped.stderr, /error\[LOCAL_SOCKET\][\s\S]*next: /);
  const process = stage.start("west", ["run", west]);
  await until(() => process.output().includes("site is running"), LIMIT_MS);
  const linked = await redeem("--dir", west, "--timeout", "30");
  assert.equal(linked.code, 0, linked.stderr);
  assert.match(process.output(), /link is active/);
});

Deno.test("tokens: with --wait it is said when no link came about in time", async () => {
  await using stage = await Stage.open();
  const west = await stage.createWest();
  const process = stage.start("west", ["run", west]);
  await until(() => process.output().includes("site is running"), LIMIT_MS);
  // A certificate token of Skupper 1 is taken as it is, whoever listens there.
  const token = await stage.issue("west");
  const { stdout } = await tendril("token", "redeem", token);
  const [secret] = stdout.split("\n---\n");
  const { data } = parse(secret!.replace(/^---\n/, ""));
  const labels = { "skupper.io/type": "connection-token" };
  const annotations = { "edge-host": "127.0.0.1", "edge-port": `${freePort()}` };
  const stale = { apiVersion: "v1", kind: "Secret", metadata: { name: "stale", labels, annotations }, data };
  await Deno.writeTextFile(`${stage.dir}/stale.token`, JSON.stringify(stale));
  const late = await tendril(
    ...["token", "redeem", `${stage.dir}/stale.token`, "--dir", west],
    ...["--wait", "ready", "--timeout", "2"],
  );
  assert.equal(late.code, 4, late.stderr);
  assert.match(late.stderr, /error\[WAIT_TIMEOUT\]: not ready within 2 s: Link stale[\s\S]*next: /);
});

Deno.test("tokens: an AccessToken in the folder of a site is redeemed, at the start or when it comes, once", async () => {
  await using stage = await Stage.open();
  for (const role of ["edge", "interior"]) {
    const site = `${stage.dir}/${role}`;
    assert.equal(
      (await tendril("site", "create", role, "--dir", site, ...(role === "edge" ? ["--edge"] : []))).code,
      0,
    );
    const token = await stage.issue(role);
    const put = () => Deno.copyFile(token, `${site}/AccessToken-${role}.yaml`);
    if (role === "edge") await put();
    const process = stage.start(role, ["run", site]);
    await until(() => process.output().includes("site is running"), LIMIT_MS);
    if (role === "interior") await put();
    await until(() => /link is active/.test(process.output()), LIMIT_MS);
    await process.stop();
    const again = stage.start(role, ["run", site]);
    await until(() => again.output().includes("link is active"), LIMIT_MS);
    await again.stop();
    assert.equal((process.output() + again.output()).split("token redeemed").length, 2);
    assert.ok(!(process.output() + again.output()).includes("not redeemed"));
  }
});

Deno.test("tokens: an AccessToken that can't be redeemed keeps no site from running, and is not tried in a hurry", async () => {
  await using stage = await Stage.open();
  const site = `${stage.dir}/west`;
  assert.equal((await tendril("site", "create", "west", "--dir", site, "--edge")).code, 0);
  const token = await stage.issue("west");
  const away = await stage.forge(token, `:${stage.grantPort}/`, `:${freePort()}/`);
  await Deno.copyFile(await stage.forge(away, "name: hub", "name: away"), `${site}/away.yaml`);
  const process = stage.start("west", ["run", site]);
  await until(() => process.output().includes("TOKEN_UNREACHABLE"), LIMIT_MS);
  // The good one is not held up by the other, and the folder's changes don't make it be tried again.
  await Deno.copyFile(token, `${site}/good.yaml`);
  await until(() => process.output().includes("link is active"), LIMIT_MS);
  assert.equal(process.output().split("TOKEN_UNREACHABLE").length, 2);
});

Deno.test("tokens: everything that can be wrong with one is told apart, and costs no use", async (t) => {
  await using stage = await Stage.open();
  const token = await stage.issue("one");
  const code = await codeIn(token);
  await t.step("a wrong code", async () => {
    assert.equal(await stage.redeem(await stage.forge(token, code, `${code.slice(1)}x`)), "1 TOKEN_CODE true");
  });
  await t.step("a grant that is not there", async () => {
    const other = await stage.forge(token, /(?<=:\d+\/)[0-9a-f-]{36}/, crypto.randomUUID());
    assert.equal(await stage.redeem(other), "1 TOKEN_UNKNOWN true");
  });
  await t.step("the CA of somebody else", async () => {
    const site = parse(await Deno.readTextFile(`${stage.dir}/hub/Secret-skupper-site-ca.yaml`)).data["ca.crt"];
    const lines = new TextDecoder().decode(Uint8Array.fromBase64(site)).trim().replaceAll("\n", "\n    ");
    const wrong = await stage.forge(token, /-----BEGIN[\s\S]*END CERTIFICATE-----/, lines);
    assert.equal(await stage.redeem(wrong), "1 TOKEN_CA true");
  });
  await t.step("a port at which nobody listens", async () => {
    const nowhere = await stage.forge(token, `:${stage.grantPort}/`, `:${freePort()}/`);
    assert.equal(await stage.redeem(nowhere), "1 TOKEN_UNREACHABLE true");
  });
  await t.step("a name that the certificate does not have", async () => {
    assert.equal(await stage.redeem(await stage.forge(token, "127.0.0.1:", "localhost:")), "1 TOKEN_HOST true");
  });
  await t.step("one that has expired", async () => {
    const short = await stage.issue("short", "--expiration-window", "1ms");
    assert.equal(await stage.redeem(short), "1 TOKEN_EXPIRED true");
  });
  await t.step("what is no token", async () => {
    assert.equal(await stage.redeem(await stage.forge(token, "url:", "uri:")), "3 SITE_INVALID true");
    assert.equal(await stage.redeem(`${stage.dir}/nowhere`), "3 TOKEN_FILE true");
  });
  await t.step("of two that come at once for a single use, one gets it", async () => {
    const results = await Promise.all([stage.redeem(token), stage.redeem(token)]);
    assert.deepEqual(results.sort(), ["1 TOKEN_USED_UP true", "redeemed"]);
  });
  await t.step("one that was called back", async () => {
    const back = await stage.issue("back");
    const { name } = parse(await Deno.readTextFile(back)).metadata;
    const hub = ["--dir", `${stage.dir}/hub`];
    const states = async () =>
      JSON.parse((await tendril("token", "status", ...hub, "-o", "json")).stdout)
        .map(({ status }: { status: string }) => status).sort();
    assert.deepEqual(await states(), ["expired", "ready", "used up"]);
    assert.match((await tendril("token", "status", ...hub)).stdout, new RegExp(`^ *${name} +ready +0 of 1 +20`, "m"));
    const deleted = await tendril("token", "delete", name, ...hub);
    assert.equal(deleted.code, 0);
    assert.match(deleted.stderr, new RegExp(`token deleted name=${name}\\n`));
    assert.match((await tendril("token", "delete", name, ...hub)).stderr, /error\[GRANT_UNKNOWN\][\s\S]*next: /);
    assert.deepEqual(await states(), ["expired", "used up"]);
    assert.equal(await stage.redeem(back), "1 TOKEN_UNKNOWN true");
  });
  await t.step("the site said why, each time", () => {
    for (const code of ["GRANT_CODE", "GRANT_UNKNOWN", "GRANT_EXPIRED", "GRANT_USED_UP"]) {
      assert.ok(stage.hub.output().includes(code), code);
    }
  });
});

Deno.test("tokens: they survive a site that is killed, and so does what was used of them", async () => {
  await using stage = await Stage.open();
  const token = await stage.issue("two", "--redemptions-allowed", "2");
  assert.equal(await stage.redeem(token), "redeemed");
  stage.hub.signal("SIGKILL");
  await stage.hub.ended;
  assert.equal(await stage.redeem(token), "1 TOKEN_UNREACHABLE true");
  await stage.restartHub();
  assert.equal(await stage.redeem(token), "redeemed");
  assert.equal(await stage.redeem(token), "1 TOKEN_USED_UP true");
});

Deno.test("tokens: a site that can't write down their use gives no link, and says so", async () => {
  await using stage = await Stage.open();
  const token = await stage.issue("one");
  await stage.hub.stop();
  await stage.restartHub({ flags: [`--deny-write=${stage.dir}/hub/grants`] });
  assert.equal(await stage.redeem(token), "1 TOKEN_REFUSED true");
  await until(() => stage.hub.output().includes("GRANT_STORAGE"));
  await stage.hub.stop();
  await stage.restartHub();
  assert.equal(await stage.redeem(token), "redeemed");
});

Deno.test("tokens: on a full disk no use is spent, neither where they are redeemed nor where they are counted", async () => {
  await using stage = await Stage.open();
  const token = await stage.issue("one");
  const west = await stage.createWest();
  const redeeming = stage.start("west", ["token", "redeem", token, "--dir", west], { fullDisk: true });
  assert.equal(await redeeming.ended, 3);
  assert.match(redeeming.output(), /error\[SITE_WRITE\]/);
  await stage.hub.stop();
  await stage.restartHub({ fullDisk: true });
  assert.equal(await stage.redeem(token), "1 TOKEN_REFUSED true");
  await until(() => stage.hub.output().includes("GRANT_STORAGE"));
  await stage.hub.stop();
  const left = await Array.fromAsync(Deno.readDir(`${stage.dir}/hub/grants`), ({ name }) => name);
  assert.deepEqual(left.filter((name) => name.endsWith(".tmp")), []);
  await stage.restartHub();
  assert.equal(await stage.redeem(token), "redeemed");
});

Deno.test("tokens: a site that is killed between count and answer has spent one use, not two", async () => {
  await using stage = await Stage.open();
  const token = await stage.issue("two", "--redemptions-allowed", "2");
  const [, uid = ""] = /:\d+\/([0-9a-f-]{36})/.exec(await Deno.readTextFile(token)) ?? [];
  const grant = `${stage.dir}/hub/grants/AccessGrant-${uid}.yaml`;
  // What comes back from the site stays in the relay.
  using relay = server(async (conn) => {
    const site = await connect(stage.grantPort);
    const sent: number[] = [];
    const up = (async () => {
      const buffer = new Uint8Array(65_536);
      for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
        await writeAll(site, buffer.subarray(0, n));
        sent.push(n);
      }
    })().catch(() => {});
    const buffer = new Uint8Array(65_536);
    // The handshake must pass: the answer is what comes after the client's second flight.
    for (let n = await site.read(buffer).catch(() => null); n !== null; n = await site.read(buffer).catch(() => null)) {
      if (sent.length < 2) await writeAll(conn, buffer.subarray(0, n));
    }
    site.close();
    closeQuietly(conn);
    await up;
  });
  const lost = stage.redeem(await stage.forge(token, `:${stage.grantPort}/`, `:${relay.port}/`));
  await until(async () => (await Deno.readTextFile(grant)).includes("redemptions: 1\n"), LIMIT_MS);
  stage.hub.signal("SIGKILL");
  await stage.hub.ended;
  assert.match(await lost, /^1 TOKEN_ANSWER true$/);
  await stage.restartHub();
  assert.equal(await stage.redeem(token), "redeemed");
  assert.equal(await stage.redeem(token), "1 TOKEN_USED_UP true");
});

Deno.test("tokens: certificates are good for clocks that are ten minutes behind", async () => {
  await using stage = await Stage.open();
  const token = await stage.issue("one");
  const { stdout } = await tendril("token", "redeem", token);
  const secretOf = (text: string) => parse(text.split("\n---\n")[0]!.replace(/^---\n/, "")).data["tls.crt"];
  const grants = await Deno.readTextFile(`${stage.dir}/hub/grants/Secret-skupper-grant-server.yaml`);
  for (const cert of [secretOf(stdout), secretOf(grants)].map((text) => Uint8Array.fromBase64(text))) {
    assert.ok(Date.parse(new X509Certificate(cert).validFrom) < Date.now() - TEN_MINUTES);
  }
});

Deno.test("tokens: edges issue none, files are never overwritten, and what is shown has no code", async () => {
  const dir = await Deno.makeTempDir();
  try {
    assert.equal((await tendril("site", "create", "west", "--dir", `${dir}/west`, "--edge")).code, 0);
    await interiorFolder(`${dir}/hub`);
    const issue = (name: string, ...words: string[]) =>
      tendril("token", "issue", `${dir}/one.token`, "--dir", `${dir}/${name}`, ...words);
    const refused: [string, string, number, ...string[]][] = [
      ["west", "SITE_EDGE_ACCESS", 3],
      ["hub", "USAGE_FLAG_VALUE", 2, "--expiration-window", "soon"],
      ["hub", "SITE_INVALID", 3, "--grant-host", "a b"],
    ];
    for (const [name, expected, exit, ...words] of refused) {
      const { code, stderr } = await issue(name, ...words);
      assert.equal(code, exit);
      assert.match(stderr, new RegExp(`error\\[${expected}\\][\\s\\S]*next: `));
    }
    const first = await issue("hub");
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /once the site runs/);
    assert.equal((await Deno.stat(`${dir}/one.token`)).mode! & 0o777, 0o600);
    const second = await issue("hub");
    assert.match(second.stderr, /error\[TOKEN_FILE\]/);
    const code = await codeIn(`${dir}/one.token`);
    for (const form of ["text", "json"]) {
      const shown = await tendril("token", "inspect", `${dir}/one.token`, "-o", form);
      assert.equal(shown.code, 0, shown.stderr);
      assert.match(shown.stdout, /https:\/\/127\.0\.0\.1:9090\//);
      assert.ok(!shown.stdout.includes(code));
    }
    const both = await tendril("expose", "web", "80", "--token", "x", "--link", "y");
    assert.match(both.stderr, /^error\[USAGE_FLAG_CONFLICT\]: --link and --token: one of them is enough$/m);
    assert.match((await tendril("expose", "web", "80")).stderr, /error\[USAGE_FLAG_MISSING\]/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("tokens: the CA is written before a token is out, and a file that holds it already does for the next one", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await interiorFolder(`${dir}/hub`);
    const ca = `${dir}/ca.crt`;
    const issue = (file: string, ...words: string[]) =>
      tendril("token", "issue", `${dir}/${file}`, "--dir", `${dir}/hub`, ...words);
    const grants = async () => {
      const { stdout } = await tendril("token", "status", "--dir", `${dir}/hub`, "-o", "json");
      return JSON.parse(stdout) as { name: string }[];
    };
    const isThere = (path: string) => Deno.stat(path).then(() => true, () => false);
    for (const file of ["one.token", "two.token"]) {
      const { code, stderr } = await issue(file, "--ca-file", ca);
      assert.equal(code, 0, stderr);
      assert.equal(await Deno.readTextFile(ca), parse(await Deno.readTextFile(`${dir}/${file}`)).spec.ca);
    }
    const known = await grants();
    assert.equal(known.length, 2);
    await Deno.writeTextFile(`${dir}/other.crt`, "another CA");
    const more = ["--grant", known[0]!.name];
    for (const words of [[], more]) {
      for (const [file, why] of [["other.crt", "something else"], ["none/ca.crt", "can't be made"]] as const) {
        const { code, stderr } = await issue("three.token", "--ca-file", `${dir}/${file}`, ...words);
        assert.equal(code, 3, stderr);
        assert.match(stderr, new RegExp(`error\\[OUTPUT_FILE\\]: can't write the CA.*${file}.*${why}[\\s\\S]*next: `));
      }
      const taken = await issue("one.token", "--ca-file", `${dir}/new.crt`, ...words);
      assert.match(taken.stderr, /error\[TOKEN_FILE\]/);
    }
    assert.equal(await Deno.readTextFile(`${dir}/other.crt`), "another CA");
    assert.deepEqual([await isThere(`${dir}/three.token`), await isThere(`${dir}/new.crt`)], [false, false]);
    assert.deepEqual(await grants(), known, "none was issued");
    const again = await issue("again.token", "--ca-file", `${dir}/again.crt`, ...more);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(await Deno.readTextFile(`${dir}/again.crt`), await Deno.readTextFile(ca));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("token: an AccessGrant in the folder becomes a grant, which follows it, survives a restart and goes with it", async () => {
  await using stage = await Stage.open();
  const dir = `${stage.dir}/hub`;
  // Tells the port, which is the site's from then on.
  await stage.issue("first", "--grant-host", "127.0.0.1");
  const code = "a-code-that-was-chosen";
  const write = (allowed: number) =>
    Deno.writeTextFile(
      `${dir}/grant.yaml`,
      `apiVersion: skupper.io/v2alpha1
kind: AccessGrant
metadata: {name: west}
spec: {redemptionsAllowed: ${allowed}, expirationWindow: 1h, code: ${code}, settings: {tendril.link-host: 127.0.0.1}}
`,
    );
  const status = async () => {
    const { stdout } = await tendril("status", "--dir", dir, "-o", "json");
    assert.ok(!stdout.includes(code), "the status tells the code");
    const { resources } = stdout === "" ? { resources: [] } : JSON.parse(stdout);
    return resources.find((each: { kind: string }) => each.kind === "AccessGrant");
  };
  await write(1);
  await until(async () => (await status())?.status === "Ready", LIMIT_MS);
  const { details, conditions } = await status();
  assert.deepEqual(conditions.map(({ type, status }: Record<string, string>) => [type, status]), [
    ["Configured", "True"],
    ["Processed", "True"],
    ["Resolved", "True"],
    ["Ready", "True"],
  ]);
  assert.match(details.url, new RegExp(`^https://127\\.0\\.0\\.1:${stage.grantPort}/[0-9a-f-]{36}$`));
  assert.match(details.ca, /^-----BEGIN CERTIFICATE-----/);
  assert.ok(Math.abs(Date.parse(details.expirationTime) - Date.now() - 3_600_000) < 60_000);
  const file = `${stage.dir}/west.token`;
  const { code: exit, stderr } = await tendril("token", "issue", file, "--dir", dir, "--grant", "west");
  assert.equal(exit, 0, stderr);
  assert.deepEqual(parse(await Deno.readTextFile(file)).spec, { ca: details.ca, code, linkCost: 1, url: details.url });
  await until(async () => (await stage.redeem(file)) === "redeemed", LIMIT_MS);
  assert.equal(await stage.redeem(file), "1 TOKEN_USED_UP true");
  await write(2);
  await until(async () => (await status())?.details.redemptionsAllowed === 2, LIMIT_MS);
  assert.equal((await status()).details.redemptions, 1);
  await stage.hub.stop();
  stage.startHub();
  await until(() => stage.hub.output().includes("tokens can be redeemed"), LIMIT_MS);
  await until(async () => (await status())?.details.url === details.url, LIMIT_MS);
  assert.equal(await stage.redeem(file), "redeemed", "the grant is the one from before the restart");
  assert.equal((await status()).details.redemptions, 2);
  await Deno.remove(`${dir}/grant.yaml`);
  await until(async () => (await status()) === undefined, LIMIT_MS);
  assert.equal(await stage.redeem(file), "1 TOKEN_UNKNOWN true");
});
