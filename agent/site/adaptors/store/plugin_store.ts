/**
 * The plugin store of an interior: takes modules at one address of the network, and has each that it keeps at an address of
 * its own, which ends with the digest. So the network itself finds a store that has a module. Who may send to the first
 * address is decided where a peer is accepted (`docs/policy.md`).
 */

import { checkDigest } from "../../../adaptor/intake.ts";
import { defaultLimits } from "../../../adaptor/limits.ts";
import { loadAdaptor } from "../../../adaptor/load.ts";
import { messageOf } from "../../../lib/errors.ts";
import type { AmqpValue } from "../../../amqp/codec/types.ts";
import { refusal } from "../../../management/answer.ts";
import type { Answer, Request } from "../../../management/message.ts";
import { asInteger, asText, entry, map, ulong } from "../../../management/values.ts";
import { mobileKey, PLUGIN_STORE_ADDRESS } from "../../../router/address.ts";
import type { Router } from "../../../router/router.ts";
import type { Logger } from "../../../telemetry/log.ts";
import { Desk } from "./desk.ts";
import { MAX_STORED_OCTETS, ModuleFolder } from "./module_folder.ts";

/** Operations of a store. */
export const PUSH = "PUSH";
/** See {@link PUSH}. */
export const FETCH = "FETCH";
/** Octets of a module in one answer. */
export const CHUNK_OCTETS = 128 * 1024;
/** Octets of a request besides the module in it. */
const REQUEST_OCTETS = 4096;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The address at which stores have the module with `digest`. */
export function moduleAddress(digest: string): string {
  return `${PLUGIN_STORE_ADDRESS}/${digest.replace(/^sha256:/, "")}`;
}

/** See the head of the file. */
export class PluginStore {
  readonly #router: Router;
  readonly #logger: Logger;
  readonly #folder: ModuleFolder;
  /** What ends each address, by digest. */
  readonly #served = new Map<string, () => void>();
  #stopPushes = () => {};
  /** Pushes come one after the other. */
  #pushing: Promise<unknown> = Promise.resolve();
  /** The module that was asked for last: most requests are for more of it. */
  #last: { readonly digest: string; readonly bytes: Uint8Array } | undefined;

  private constructor(dir: string, router: Router, logger: Logger) {
    this.#router = router;
    this.#logger = logger;
    this.#folder = new ModuleFolder(dir, logger);
  }

  /** Opens the store of the site in `dir`, and serves what it has. */
  static async open(dir: string, router: Router, logger: Logger): Promise<PluginStore> {
    const store = new PluginStore(dir, router, logger);
    await store.#folder.scan();
    for (const digest of store.#folder.digests) store.#serve(digest);
    const desk = new Desk(router, MAX_STORED_OCTETS + REQUEST_OCTETS, (request) => store.#take(request));
    store.#stopPushes = router.addresses.add(mobileKey(PLUGIN_STORE_ADDRESS), desk);
    return store;
  }

  /** Serves nothing any more; resolves when nothing is being written. */
  async stop(): Promise<void> {
    this.#stopPushes();
    for (const end of this.#served.values()) end();
    this.#served.clear();
    await this.#pushing;
  }

  #serve(digest: string): void {
    if (this.#served.has(digest)) return;
    const desk = new Desk(this.#router, REQUEST_OCTETS, (request) => this.#give(digest, request));
    this.#served.set(digest, this.#router.addresses.add(mobileKey(moduleAddress(digest)), desk));
  }

  async #give(digest: string, { properties }: Request): Promise<Answer> {
    const offset = asInteger(entry(properties, "offset")) ?? 0;
    const bytes = offset > 0 && this.#last?.digest === digest ? this.#last.bytes : await this.#folder.read(digest);
    if (bytes === undefined) {
      this.#served.get(digest)?.();
      this.#served.delete(digest);
      return refusal(404, "the store has it no more");
    }
    this.#last = { digest, bytes };
    if (offset < 0 || offset > bytes.length) return refusal(400, "there is no such place in it");
    const octets = bytes.subarray(offset, offset + CHUNK_OCTETS);
    return ok(200, [["octets", { type: "binary", value: octets }], ["size", ulong(bytes.length)]]);
  }

  #take(request: Request): Promise<Answer> {
    const taking = this.#pushing.then(() => this.#push(request));
    this.#pushing = taking.catch(() => {});
    return taking;
  }

  async #push({ properties, body }: Request): Promise<Answer> {
    if (asText(entry(properties, "operation")) !== PUSH) return refusal(501, `a store only takes ${PUSH}`);
    const digest = asText(entry(properties, "sha256")) ?? "";
    if (!DIGEST.test(digest)) return refusal(400, "sha256 is not sha256: and 64 hexadecimal digits");
    if (!isBinary(body)) return refusal(400, "there is no module in the request");
    const bytes = new Uint8Array(body.value);
    const site = this.#router.identity.id;
    try {
      checkDigest("sha256:" + new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex(), digest);
      // What no site would load is not kept for one. Limits that a resource may raise are those of the resource.
      const limits = { ...defaultLimits, moduleOctets: MAX_STORED_OCTETS, memoryPages: MAX_MEMORY_PAGES };
      const { description } = await loadAdaptor({ name: "stored", bytes, digest, foreign: true }, limits);
      const name = description.describedAs;
      if (!this.#served.has(digest)) {
        const objection = this.#folder.objection(bytes.length);
        if (objection !== undefined) return refusal(507, objection);
      }
      await this.#folder.put(digest, bytes);
      this.#serve(digest);
      this.#logger.info("plugin stored", { name, version: description.version, digest, octets: bytes.length });
      return ok(201, [["site", site], ["name", name]]);
    } catch (error) {
      this.#logger.warn("plugin not stored", { digest, reason: messageOf(error) });
      return refusal(400, `${site} does not store it: ${messageOf(error)}`);
    }
  }
}

/** Pages that a resource may grant a plugin. */
const MAX_MEMORY_PAGES = 1024;

function ok(status: number, body: [string, AmqpValue][]): Answer {
  return { status, description: "OK", body: map(body) };
}

function isBinary(value: AmqpValue): value is Extract<AmqpValue, { type: "binary" }> {
  return typeof value === "object" && value !== null && "type" in value && value.type === "binary";
}
