/**
 * The services that `expose` and `forward` name: words in, keys with targets or ports out. A service is a key and its
 * target, as two words or as `KEY=TARGET`; a target alone gets a key of its own, a key alone a free port.
 */

import { isInnerAddress } from "../router/address.ts";
import { usage } from "./args.ts";
import { type Endpoint, parsePort, parseTarget } from "./endpoint.ts";

/** A target, and under which key. */
export interface Exposed extends Endpoint {
  /** Routing key. */
  readonly key: string;
}

/** A key, and where it is to be had. */
export interface Forwarded {
  /** Routing key. */
  readonly key: string;
  /** Local port; 0 where the system chooses. */
  readonly port: number;
}

/** Characters of a picked key's end, without those that are taken for each other. */
const ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789";
/** Their number, for 28 million ends of each beginning. */
const END_LENGTH = 5;
/** Longest beginning. */
const MAX_BEGINNING = 40;

/** What looks like a target: a port, or a host with one. A URL is none, and is meant as one. */
const TARGET = /^(\d+|\[[^\]]*\](:.*)?|[^:=]*:\d+|\w+:\/\/.*)$/;

/** Whether `word` is meant as a target. */
export function isTarget(word: string): boolean {
  return TARGET.test(word);
}

/** Reads `[KEY] TARGET …`, `KEY=TARGET …`. `pick` gives a key to what has none. Throws USAGE_TARGET, USAGE_PORT. */
export function parseExposed(words: readonly string[], pick: (target: Endpoint) => string): Exposed[] {
  const exposed: Exposed[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const equals = word.lastIndexOf("=");
    if (equals > 0) {
      exposed.push({ key: word.slice(0, equals), ...parseTarget(word.slice(equals + 1), "expose") });
    } else if (isTarget(word)) {
      const target = parseTarget(word, "expose");
      exposed.push({ key: pick(target), ...target });
    } else {
      const target = words[++at];
      if (target === undefined) {
        throw usage("USAGE_TARGET", `"${word}" is no port, and no target follows it`, "expose", "Write KEY PORT.");
      }
      exposed.push({ key: word, ...parseTarget(target, "expose") });
    }
  }
  for (const { key } of exposed) refuseInner(key, "expose");
  return exposed;
}

/** Reads `KEY [PORT] …`, `KEY=PORT …`. Throws USAGE_PORT. */
export function parseForwarded(words: readonly string[]): Forwarded[] {
  const forwarded: Forwarded[] = [];
  for (let at = 0; at < words.length; at++) {
    const [key = "", next] = words.slice(at, at + 2);
    const equals = key.lastIndexOf("=");
    if (equals > 0) {
      forwarded.push({ key: key.slice(0, equals), port: parsePort(key.slice(equals + 1), "forward", 0) });
    } else if (next !== undefined && /^\d+$/.test(next)) {
      forwarded.push({ key, port: parsePort(next, "forward", 0) });
      at++;
    } else forwarded.push({ key, port: 0 });
  }
  const ports = forwarded.map(({ port }) => port).filter((port) => port !== 0);
  const twice = ports.find((port, index) => ports.indexOf(port) !== index);
  if (twice !== undefined) throw usage("USAGE_PORT", `port ${twice} is named twice`, "forward");
  for (const { key } of forwarded) refuseInner(key, "forward");
  return forwarded;
}

/** The word with which `forward` takes `key` and any free port. */
export function forwardedWord(key: string): string {
  return key.includes("=") ? `${key}=0` : key;
}

/**
 * A key for `target` that nobody else in the network picks: the name of the folder `cwd` for a service of this machine,
 * else of its host, then the port, then something random.
 */
export function pickKey({ host, port }: Endpoint, cwd: string): string {
  const local = /^(localhost|127\..*|::1)$/.test(host);
  const name = local ? cwd.replace(/[\\/]+$/, "").split(/[\\/]/).at(-1) ?? "" : host;
  const beginning = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, MAX_BEGINNING).replace(/^-|-$/g, "");
  const end = Array.from(crypto.getRandomValues(new Uint32Array(END_LENGTH)), (n) => ALPHABET[n % ALPHABET.length]);
  return [...beginning === "" ? [] : [beginning], port, end.join("")].join("-");
}

function refuseInner(key: string, command: string): void {
  if (!isInnerAddress(key)) return;
  throw usage(
    "USAGE_TARGET",
    `"${key}" is an address of the routers themselves`,
    command,
    "Choose another routing key.",
  );
}
