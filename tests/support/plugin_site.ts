/**
 * An edge site in this process, of a folder with plugins in it: `plain` leads to an echo over TCP, each Adaptor has a
 * listener of its own name, and `to-NAME` is one of TCP whose connector has the plugin. No network is needed: the
 * listeners' keys are served by the same site.
 */

import { loadFixture } from "../../agent/adaptor/testing_fixture.ts";
import { startEdge } from "../../agent/site/runtime.ts";
import type { SiteDeps } from "../../agent/site/services.ts";
import type { AdaptorSpec, PolicySpec, SiteSpec } from "../../agent/site/spec.ts";
import type { AdaptorStatus, RunningSite } from "../../agent/site/status.ts";
import type { LogFields, Logger } from "../../agent/telemetry/log.ts";
import { echo, server } from "./tcp.ts";
import { until } from "./until.ts";

/** One record of the log. */
export interface Logged {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: LogFields;
}

/** See the head of the file. */
export class PluginSite implements AsyncDisposable {
  /** Folder of the site. */
  readonly dir: string;
  /** What it has logged. */
  readonly log: Logged[] = [];
  readonly #target = server(echo);
  #site: RunningSite | undefined;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Starts a site with `adaptors`, whose modules are fixtures put into its folder first. */
  static async start(
    fixtures: readonly string[],
    adaptors: readonly AdaptorSpec[],
    deps: Partial<SiteDeps> = {},
  ): Promise<PluginSite> {
    const site = new PluginSite(await Deno.makeTempDir());
    for (const name of fixtures) await site.put(`${name}.wasm`, (await loadFixture(name)).bytes);
    site.#site = await startEdge(site.#spec(adaptors), { ...deps, logger: site.#logger(), dir: site.dir });
    await until(() => site.listener("plain").open);
    return site;
  }

  /** Puts a file into the folder. */
  async put(file: string, bytes: Uint8Array): Promise<void> {
    await Deno.writeFile(`${this.dir}/${file}`, bytes);
  }

  /** Makes the plugins others, and has `policies` hold. */
  async apply(adaptors: readonly AdaptorSpec[], policies: readonly PolicySpec[] = []): Promise<void> {
    await this.#site!.apply({ ...this.#spec(adaptors), policies });
  }

  /** A listener as it is now. */
  listener(name: string) {
    return this.#site!.status().listeners.find((listener) => listener.name === name)!;
  }

  /** A connector as it is now. */
  connector(name: string) {
    return this.#site!.status().connectors.find((connector) => connector.name === name)!;
  }

  /** An adaptor as it is now. */
  adaptor(name: string): AdaptorStatus {
    return this.#site!.status().adaptors.find((adaptor) => adaptor.name === name)!;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#site?.stop();
    this.#target[Symbol.dispose]();
    await Deno.remove(this.dir, { recursive: true });
  }

  #spec(adaptors: readonly AdaptorSpec[]): SiteSpec {
    const names = adaptors.map(({ name }) => name);
    const host = "127.0.0.1";
    return {
      id: "f2f8dd3c-7c1e-4d6a-9a53-0f5f3a3a8a10",
      name: "west",
      role: "edge",
      listeners: [
        { name: "plain", routingKey: "plain", host, port: 0 },
        ...names.map((name) => ({ name, routingKey: name, host, port: 0, protocol: name })),
        ...names.map((name) => ({ name: `to-${name}`, routingKey: `to-${name}`, host, port: 0 })),
      ],
      connectors: [
        ...["plain", ...names].map((name) => ({ name, routingKey: name, host, port: this.#target.port })),
        ...names.map((name) => (
          { name: `to-${name}`, routingKey: `to-${name}`, host, port: this.#target.port, protocol: name }
        )),
      ],
      adaptors,
      links: [],
      access: [],
      policies: [],
    };
  }

  #logger(): Logger {
    const at = (level: keyof Logger) => (message: string, fields: LogFields = {}) => {
      this.log.push({ level, message, fields });
    };
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }
}

/** The resource of a plugin that is a file of the folder. */
export function fileAdaptor(name: string, file = `${name}.wasm`): AdaptorSpec {
  return { name, source: `file:${file}`, keys: [], ca: "", limits: {} };
}
