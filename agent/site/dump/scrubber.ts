/**
 * Takes secrets that are known out of texts: the second net under `telemetry/redact.ts`, which goes by what secrets look
 * like. In: values and their names; then texts. Out: the texts without those values, in no form in which they travel.
 */

import { REDACTED } from "../../telemetry/redact.ts";
import { fieldAt, isHeaderValue, isSecretField, type Place, TOP } from "./secret_fields.ts";

/** Shorter ones are taken for words: to replace them would make a text unreadable. */
const MIN_CHARACTERS = 4;
/** Values of headers that are common words or numbers: to replace `true` everywhere would make a dump unreadable, too. */
const COMMON_VALUE = /^(?:.{0,7}|[a-z]+|[0-9.]+)$/i;
/** Values of Secrets that everybody may see. */
const PUBLIC_KEY = /\.crt$|^(host|port|username)$/;
const URL_PASSWORD = /\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:([^\s/@]+)@/gi;
const QUERY_SECRET = /[?&](?:[a-z_-]*(?:token|password|secret|key|code|sig(?:nature)?|auth))=([^&\s#]+)/gi;

/** See the head of the file. */
export class Scrubber {
  readonly #known = new Set<string>();

  /** Remembers one secret, in each form in which it may stand in a text. */
  learn(secret: string): void {
    // A key in PEM may be cut anywhere: each of its lines is a secret.
    const lines = secret.includes("-----BEGIN") ? secret.split(/\r?\n/).filter((line) => !line.startsWith("--")) : [];
    for (const text of [secret.trim(), ...lines]) {
      if (text.length < MIN_CHARACTERS) continue;
      const base64 = new TextEncoder().encode(text).toBase64();
      for (const form of [text, base64, encodeURIComponent(text), JSON.stringify(text).slice(1, -1)]) {
        this.#known.add(form);
      }
    }
    this.#known.add(new TextEncoder().encode(secret).toBase64());
    this.#known.delete("");
  }

  /** Remembers what of a resource, or of any value as YAML has them, is secret. */
  learnFrom(value: unknown, place: Place = TOP): void {
    if (typeof value === "string") {
      if (isSecretField(place)) this.learn(value);
      else if (isHeaderValue(place)) this.#learnHeader(value);
      for (const pattern of [URL_PASSWORD, QUERY_SECRET]) {
        for (const [, secret = ""] of value.matchAll(pattern)) this.learn(decoded(secret));
      }
    } else if (Array.isArray(value)) { for (const item of value) this.learnFrom(item, place); }
    else if (typeof value === "object" && value !== null) {
      for (const [key, member] of Object.entries(value)) this.learnFrom(member, fieldAt(place, key));
    }
  }

  /** Remembers the values of a Secret; those in `data` are base64. */
  learnSecret(data: unknown, encoded: boolean): void {
    if (typeof data !== "object" || data === null) return;
    for (const [key, value] of Object.entries(data)) {
      if (typeof value !== "string" || PUBLIC_KEY.test(key)) continue;
      this.learn(value);
      if (encoded) this.learn(fromBase64(value));
    }
  }

  /** Remembers what a header says, and its last word: before that may stand a scheme, such as `token`. */
  #learnHeader(value: string): void {
    for (const text of [value, value.slice(value.lastIndexOf(" ") + 1)]) {
      if (!COMMON_VALUE.test(text)) this.learn(text);
    }
  }

  /** `text` without anything that was learnt. */
  scrub(text: string): string {
    // The longest first: a secret may be part of another.
    const known = [...this.#known].sort((one, other) => other.length - one.length);
    return known.reduce((clean, secret) => clean.replaceAll(secret, REDACTED), text);
  }
}

function fromBase64(text: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.fromBase64(text));
  } catch {
    return "";
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
