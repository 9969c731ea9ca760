/**
 * Keeps secrets out of logs and error reports: text and values come in, the same with every secret replaced come out.
 *
 * Two nets, because neither is enough alone: what a secret looks like (PEM, its base64 as in Secrets, URL passwords,
 * `Authorization` values) and what the field that holds it is called. Certificates go too: they are not secret, but
 * nobody reads one in a log, and a rule that tries to tell them from keys is a rule that can fail.
 */

/** What stands where a secret was. */
export const REDACTED = "[redacted]";

/** Armoured PEM, whole or cut short; the body may have real or escaped line breaks. */
const PEM = /-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/g;
/** Base64 of text that begins with `-----BEGIN `: what `data:` of a Secret holds. */
const BASE64_PEM = /LS0tLS1CRUdJTi[A-Za-z0-9+/=_-]*/g;
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s:/@]*):[^\s/@]+@/gi;
/** What the query of a URL, or an argument of a program, calls a secret by its name; `--token FILE` is how help puts it. */
const NAMED_SECRET =
  /([?&](?:[a-z_-]{0,20}(?:token|password|secret|code|sig|signature|apikey|api_key))=|--(?:password|token|secret)[= ](?!FILE\b))[^&\s#]+/gi;
const AUTHORIZATION = /\b(Basic|Bearer)\s+[A-Za-z0-9+/=._~-]{6,}/gi;

/** Field names whose value is a secret whatever it looks like. `key` alone is not one: it may be a routing key. */
const SECRET_NAME =
  /^(?:.*[._-])?(?:passw(?:or)?d|passphrase|secret|token|authorization|credentials?|pem)$|private[._-]?key|^tls[._-]?key$|(?:password|secret|token|pem)$/i;

/** `code` names both an error code (kept) and the redemption code of an access token (never printed). */
const ERROR_CODE = /^(?:E[A-Z]+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)$/;

/** How deep and how wide a value is followed; logs are not dumps. */
const MAX_DEPTH = 4;
const MAX_ITEMS = 50;
const MAX_TEXT = 4096;

/** `text` with every secret in it replaced, cut to a length that a log line can bear. */
export function redactText(text: string): string {
  // Cutting comes last: a secret that spans the cut would otherwise lose the end that marks it.
  const clean = text
    .replace(PEM, REDACTED)
    .replace(BASE64_PEM, REDACTED)
    .replace(URL_PASSWORD, `$1:${REDACTED}@`)
    .replace(NAMED_SECRET, `$1${REDACTED}`)
    .replace(AUTHORIZATION, `$1 ${REDACTED}`);
  return clean.length > MAX_TEXT ? `${clean.slice(0, MAX_TEXT)}… (${clean.length} characters)` : clean;
}

/** The value of the field `name` as something printable in JSON, without secrets; never throws. */
export function redactField(name: string, value: unknown, depth = 0): unknown {
  if (value === undefined || value === null || typeof value === "boolean") return value;
  if (SECRET_NAME.test(name)) return REDACTED;
  if (/code$/i.test(name) && typeof value === "string" && !ERROR_CODE.test(value)) return REDACTED;
  switch (typeof value) {
    case "string":
      return redactText(value);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "object":
      return redactObject(value, depth);
    default:
      return redactText(String(value));
  }
}

/** Objects by kind: bytes by their length, errors by their message, the rest member by member. */
function redactObject(value: object, depth: number): unknown {
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
  if (value instanceof ArrayBuffer) return `<${value.byteLength} bytes>`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "invalid date" : value.toISOString();
  if (value instanceof Error) return redactText(value.message);
  if (depth >= MAX_DEPTH) return "…";
  if (Array.isArray(value)) {
    const items: unknown[] = value.slice(0, MAX_ITEMS).map((item) => redactField("", item, depth + 1));
    return value.length > MAX_ITEMS ? [...items, `… ${value.length - MAX_ITEMS} more`] : items;
  }
  const result: Record<string, unknown> = {};
  for (const name of Object.keys(value).slice(0, MAX_ITEMS)) {
    result[name] = redactField(name, readMember(value, name), depth + 1);
  }
  return result;
}

/** A getter may throw; a log line must not. */
function readMember(value: object, name: string): unknown {
  try {
    return Reflect.get(value, name);
  } catch {
    return "<unreadable>";
  }
}
