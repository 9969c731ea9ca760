/**
 * A folder as a reader of the documentation would have it: `tendril` on the path, sites in `./hub`, `./west` and
 * `./east`, and the files that examples name. All of it is made by the program itself.
 */

import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { type Process, run, start } from "../support/processes.ts";
import { until } from "../support/until.ts";

/** Where the hub listens: not where the services do, as if it were another machine. */
const HUB = "127.0.0.2";
const LIMIT_MS = 60_000;
/** Where services of examples are. */
const SERVED = [3000, 5432, 8080];

/** `tendril` on the path runs this; `names`: hosts of examples lead to this machine. */
export interface WorldOptions {
  /** Folder with the programs `tendril` and `systemctl`. */
  readonly path: string;
  /** False where names of examples have to be replaced by addresses. */
  readonly names: boolean;
}

/** See the head of the file. */
export class World implements AsyncDisposable {
  /** The folder. */
  readonly dir: string;
  readonly #options: WorldOptions;
  readonly #processes: Process[] = [];

  private constructor(dir: string, options: WorldOptions) {
    this.dir = dir;
    this.#options = options;
  }

  /** A new one with nothing in it. */
  static async empty(options: WorldOptions): Promise<World> {
    return new World(await Deno.makeTempDir(), options);
  }

  /** A new one with sites and a link file. */
  static async create(options: WorldOptions): Promise<World> {
    const world = await World.empty(options);
    await world.must(`tendril site create hub --dir hub --enable-link-access --bind ${HUB}`);
    await world.must("tendril connector create web 8080 --host 127.0.0.1 --dir hub");
    await world.must("tendril link generate --dir hub --host hub.example.com > link.yaml");
    for (const name of ["west", "east"]) await world.must(`tendril site create ${name} --dir ${name} --edge`);
    await world.must("tendril link create link.yaml --dir west");
    return world;
  }

  /** An independent copy. */
  async copy(): Promise<World> {
    const world = new World(await Deno.makeTempDir(), this.#options);
    await this.must(`cp -r . ${world.dir}`);
    return world;
  }

  /** Makes what `line` takes for granted. */
  async prepare(line: string): Promise<void> {
    const said = (pattern: RegExp) => pattern.test(line);
    const site = /site create \w+ --dir (\S+)/.exec(line)?.[1];
    if (site !== undefined) await this.must(`rm -rf ${site}`);
    const namespace = / -n (\w+)/.exec(line)?.[1];
    if (namespace !== undefined && !said(/site create/)) {
      await this.must(`tendril site create ${namespace} -n ${namespace} --edge`);
    }
    if (said(/services\.yaml| -f - /)) await Deno.writeTextFile(`${this.dir}/services.yaml`, SERVICES);
    if (said(/delete -f services/)) await this.must("tendril apply -f services.yaml --dir west");
    if (said(/listener (update|delete) web|delete listener\/web/)) {
      const multi = said(/multikey/) ? "multikeylistener create web 8080 --priority web" : "listener create web 8080";
      await this.must(`tendril ${multi} --dir west`);
    }
    if (said(/connector (update|delete) web/)) await this.must("tendril connector create web 8080 --dir west");
    if (said(/certificate import|--tls-(ca|cert)/)) await this.#pemFiles();
    if (said(/web-tls/) && !said(/import/)) {
      await this.#pemFiles();
      await this.must("tendril certificate import web-tls --cert tls.crt --key tls.key --dir west");
    }
    if (said(/redis|author/)) await this.#plugin("redis.wasm", "redis");
    if (said(/adaptor build greeter|greeter\.wasm/)) await this.must("tendril adaptor new greeter --dir greeter");
    if (said(/author/)) await this.#authorKeys();
    if (said(/system uninstall/)) await this.must("tendril system install --dir ./west");
    for (const [, name] of line.matchAll(/(\w+)\.token/g)) {
      if (said(/token (issue|create)/)) continue;
      await this.must(
        `tendril token issue ${name}.token --dir hub --grant-host hub.example.com --redemptions-allowed 5`,
      );
    }
    const grant = /(?:token delete|--grant) (\S+)/.exec(line)?.[1];
    if (grant !== undefined) {
      await this.must("tendril token issue x.token --dir hub --grant-host hub.example.com");
      await this.must(`sed -i 's/^  name: .*/  name: ${grant}/' hub/grants/AccessGrant-*.yaml`);
    }
  }

  /** Runs `line` to its end. */
  async run(line: string): Promise<{ readonly code: number; readonly text: string }> {
    const stdin = line.includes(" -f - ") ? "< services.yaml" : "";
    const result = await run("sh", ["-c", `${this.#local(line)} ${stdin}`], { ...this.#where(), limitMs: LIMIT_MS });
    return { code: result.code, text: `${result.stdout}${result.stderr}` };
  }

  /** The same; throws unless all goes well. */
  async must(line: string): Promise<void> {
    const { code, text } = await this.run(line);
    if (code !== 0) throw new Error(`${line}: exit code ${code}: ${text}`);
  }

  /** Starts `line`, which stays. */
  start(line: string): Process {
    const process = start(line, "sh", ["-c", `exec ${this.#local(line)}`], this.#where());
    this.#processes.push(process);
    return process;
  }

  /** Starts the sites `names` and waits until they are up, and linked if they have a link. */
  async runSites(...names: string[]): Promise<void> {
    for (const name of names) {
      const site = this.start(`tendril run ${name}`);
      const marker = name === "west" ? "link is active" : "site is running";
      await until(() => site.output().includes(marker), LIMIT_MS).catch(() => {
        throw new Error(`${name}: ${site.output().slice(-2000)}`);
      });
    }
  }

  /** Ends what runs, and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
    await Deno.remove(this.dir, { recursive: true });
  }

  #local(line: string): string {
    if (this.#options.names) return line;
    return line.replaceAll("hub.example.com", HUB).replaceAll("db.internal", "127.0.0.1");
  }

  #where(): { cwd: string; env: Record<string, string> } {
    const PATH = `${this.#options.path}:${Deno.env.get("PATH")}`;
    // Where units of a user are is in its home; what Deno has fetched stays where it is.
    const DENO_DIR = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
    return { cwd: this.dir, env: { PATH, HOME: this.dir, XDG_DATA_HOME: `${this.dir}/data`, DENO_DIR } };
  }

  /** A CA, a certificate and a key, as somebody else may have made them: here, those of the link file. */
  async #pemFiles(): Promise<void> {
    const text = await Deno.readTextFile(`${this.dir}/link.yaml`);
    for (const name of ["ca.crt", "tls.crt", "tls.key"]) {
      const value = new RegExp(`${name.replace(".", "\\.")}: (\\S+)`).exec(text)?.[1] ?? "";
      await Deno.writeTextFile(`${this.dir}/${name}`, atob(value));
    }
  }

  /** A plugin that is built; one build is enough for all worlds. */
  async #plugin(file: string, folder: string): Promise<void> {
    const kept = `${this.#options.path}/built`;
    if (!await Deno.stat(kept).then(() => true, () => false)) {
      await this.must("tendril adaptor new greeter --dir greeter && tendril adaptor build greeter");
      await this.must(`mv greeter ${kept}`);
    }
    await this.must(`cp -r ${kept} ${folder} && cp ${folder}/greeter.wasm ${file}`);
  }

  async #authorKeys(): Promise<void> {
    const { privateKey } = generateKeyPairSync("ed25519");
    await Deno.writeTextFile(`${this.dir}/author.pem`, `${privateKey.export({ type: "pkcs8", format: "pem" })}`);
    const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "pem" });
    await Deno.writeTextFile(`${this.dir}/author.pub`, `${publicKey}`);
  }
}

const SERVICES = `apiVersion: skupper.io/v2alpha1
kind: Listener
metadata: { name: shop }
spec: { routingKey: shop, host: 127.0.0.1, port: 8090 }
---
apiVersion: skupper.io/v2alpha1
kind: Connector
metadata: { name: shop }
spec: { routingKey: shop, host: 127.0.0.1, port: 8080 }
`;

/** What the services of examples answer. */
export const GREETING = "served by the example";

/** Serves HTTP at the ports that examples name until it is disposed. */
export function serveExamples(): AsyncDisposable {
  const answer = () => new Response(GREETING, { headers: { connection: "close" } });
  const servers = SERVED.map((port) => Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, answer));
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.shutdown()));
    },
  };
}
