/**
 * A resource as others may see it: no value of a Secret, no code of a token, no password, no value of a header or query
 * parameter, no arguments of programs.
 */

import { factsOf } from "../../pki/inspect.ts";
import { REDACTED, redactText } from "../../telemetry/redact.ts";
import type { ResourceDocument } from "../documents.ts";
import { fieldAt, isHeaderValue, isSecretField, type Place, TOP } from "./secret_fields.ts";

/** What `kubectl` leaves behind: a copy of the whole resource. */
const COPY = "kubectl.kubernetes.io/last-applied-configuration";

/** See the head of the file. */
export function shownResource({ kind, value }: ResourceDocument): unknown {
  if (kind !== "Secret") return shown(value, TOP);
  const { data, stringData, ...rest } = value;
  return {
    ...shown(rest, TOP) as Record<string, unknown>,
    ...(data === undefined ? {} : { data: secretValues(data, true) }),
    ...(stringData === undefined ? {} : { stringData: secretValues(stringData, false) }),
  };
}

function secretValues(values: unknown, encoded: boolean): unknown {
  if (typeof values !== "object" || values === null) return REDACTED;
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, secretValue(key, String(value), encoded)]),
  );
}

/** Of a certificate what it says, of everything else how long it is. */
function secretValue(key: string, value: string, encoded: boolean): string {
  if (key.endsWith(".crt")) {
    try {
      const pem = encoded ? new TextDecoder().decode(Uint8Array.fromBase64(value)) : value;
      const { subject, issuer, serial, notAfter } = factsOf(pem);
      const until = new Date(notAfter).toISOString();
      return `certificate of ${subject}, issued by ${issuer}, serial ${serial}, good until ${until}`;
    } catch {
      // Not a certificate: then it is not known what it is.
    }
  }
  return `${REDACTED}, ${value.length} characters`;
}

function shown(value: unknown, place: Place): unknown {
  if (Array.isArray(value)) {
    // Arguments of a program may be anything.
    if (place.name === "command") return [...value.slice(0, 1), ...value.slice(1).map(() => REDACTED)];
    return value.map((item) => shown(item, place));
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shown(member, fieldAt(place, key))]));
  }
  // Without quotes, a secret may read as a number.
  if (typeof value !== "string" && typeof value !== "number") return value;
  if (isSecretField(place) || isHeaderValue(place) || place.name === COPY) return REDACTED;
  return typeof value === "string" ? redactText(value) : value;
}
