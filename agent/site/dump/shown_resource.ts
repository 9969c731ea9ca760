/** A resource as others may see it: no value of a Secret, no code of a token, no password, no arguments of programs. */

import { factsOf } from "../../pki/inspect.ts";
import { REDACTED, redactText } from "../../telemetry/redact.ts";
import type { ResourceDocument } from "../documents.ts";
import { SECRET_FIELD } from "./scrubber.ts";

/** What `kubectl` leaves behind: a copy of the whole resource. */
const COPY = "kubectl.kubernetes.io/last-applied-configuration";

/** See the head of the file. */
export function shownResource({ kind, value }: ResourceDocument): unknown {
  if (kind !== "Secret") return shown(value, "");
  const { data, stringData, ...rest } = value;
  return {
    ...shown(rest, "") as Record<string, unknown>,
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

function shown(value: unknown, name: string): unknown {
  if (typeof value === "string") return SECRET_FIELD.test(name) || name === COPY ? REDACTED : redactText(value);
  if (Array.isArray(value)) {
    // Arguments of a program may be anything.
    if (name === "command") return [...value.slice(0, 1), ...value.slice(1).map(() => REDACTED)];
    return value.map((item) => shown(item, name));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shown(member, key)]));
}
