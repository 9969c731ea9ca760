/** The `sslProfile` entities of management: names for files with credentials. What is in them is told to nobody. */

import { messageOf, TendrilError } from "../../lib/errors.ts";
import type { Attributes, Configured } from "../../management/configured.ts";
import { Refusal } from "../../management/refusal.ts";
import type { ServerIdentity, TlsCredentials } from "../../transport/channel.ts";
import { readCredentials } from "../../transport/credentials.ts";
import { judgingIdentity, type SecretValues, serverIdentity, targetTls, tlsCredentials } from "../secrets.ts";
import type { TargetTls } from "../spec.ts";

/** Largest file that is read, in octets. */
export const MAX_PROFILE_FILE = 1024 * 1024;

/** What the attributes that name files are in a Secret. */
const KEYS: Readonly<Record<string, string>> = {
  caCertFile: "ca.crt",
  certFile: "tls.crt",
  privateKeyFile: "tls.key",
};

/** One profile. */
interface Profile {
  readonly entity: Configured;
  /** What its files hold, by the names that a Secret has for it. */
  readonly values: SecretValues;
  /** Undefined for one that lacks a file. */
  readonly tls: TlsCredentials | undefined;
}

/** See the head of the file. */
export class SslProfiles {
  readonly #profiles = new Map<string, Profile>();

  /** All of them. */
  get entities(): Configured[] {
    return [...this.#profiles.values()].map(({ entity }) => entity);
  }

  /** The credentials of the profile `name`. Throws a {@link Refusal} when they don't suffice for a link. */
  credentials(name: string): TlsCredentials {
    const { tls } = this.#named(name);
    if (tls !== undefined) return tls;
    throw new Refusal(400, `sslProfile '${name}' lacks a file: a link needs ${Object.keys(KEYS).join(", ")}`);
  }

  /**
   * Who a listener of services is by the profile `name`; one that is `judging` lets in clients of its authorities alone.
   * Throws a {@link Refusal}.
   */
  identity(name: string, judging: boolean): ServerIdentity {
    const { values } = this.#named(name);
    return refusing(() => (judging ? judgingIdentity : serverIdentity)(values, `sslProfile '${name}'`));
  }

  /** How the profile `name` has a target spoken to: its certificate, if it has one, is shown. Throws a {@link Refusal}. */
  target(name: string, verifyHostname: boolean): TargetTls {
    const { values } = this.#named(name);
    const useClientCert = values.has("tls.crt");
    return refusing(() => targetTls(values, `sslProfile '${name}'`, { useClientCert, verifyHostname }));
  }

  /**
   * Reads the files of `entity` and keeps it; a profile of its name is that from now on. The result undoes that. Throws a
   * {@link Refusal}.
   */
  async put(entity: Configured): Promise<() => void> {
    const { name } = entity;
    const values = await readFiles(entity.attributes);
    const before = this.#profiles.get(name);
    this.#profiles.set(name, { entity, values, tls: completeCredentials(values) });
    return () => {
      if (before === undefined) this.#profiles.delete(name);
      else this.#profiles.set(name, before);
    };
  }

  /** Forgets the profile `name`. */
  delete(name: string): void {
    this.#profiles.delete(name);
  }

  #named(name: string): Profile {
    const profile = this.#profiles.get(name);
    if (profile === undefined) throw new Refusal(400, `Not found: sslProfile '${name}' not found`);
    return profile;
  }
}

async function readFiles(attributes: Attributes): Promise<SecretValues> {
  const values = new Map<string, string>();
  for (const [attribute, key] of Object.entries(KEYS)) {
    const path = attributes[attribute];
    if (path === undefined || path === "") continue;
    values.set(key, await readPem(attribute, `${path}`));
  }
  return values;
}

function completeCredentials(values: SecretValues): TlsCredentials | undefined {
  if (values.size < Object.keys(KEYS).length) return undefined;
  return refusing(() => {
    const tls = tlsCredentials(values, "sslProfile");
    readCredentials(tls);
    return tls;
  });
}

function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TendrilError)) throw error;
    throw new Refusal(400, `Invalid sslProfile configuration: ${error.message}`);
  }
}

async function readPem(attribute: string, path: string): Promise<string> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile || size > MAX_PROFILE_FILE) throw new Error(`it is no file of at most ${MAX_PROFILE_FILE} octets`);
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new Refusal(400, `Invalid sslProfile configuration: can't read ${attribute} ${path}: ${messageOf(error)}`);
  }
}
