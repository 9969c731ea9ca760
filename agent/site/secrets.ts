/** Secrets of a site: credentials of links and ports, and of proxies. Their values never reach a message. */

import { TendrilError } from "../lib/errors.ts";
import { keyFault } from "../pki/inspect.ts";
import type { ServerIdentity, TlsCredentials } from "../transport/channel.ts";
import { shown } from "./problems.ts";
import { isHost } from "./resources/schema.ts";
import type { ProxySpec, TargetTls } from "./spec.ts";

/** A Secret's values as text, by key. */
export type SecretValues = ReadonlyMap<string, string>;

const PORT_MAX = 65_535;
const CERTIFICATE = /^CERTIFICATE$/;
const PRIVATE_KEY = /^(RSA |EC )?PRIVATE KEY$/;
const TLS_HINT = "TLS credentials are ca.crt, tls.crt and tls.key in PEM, the key not encrypted.";

/** Decodes the values of one Secret. Throws SITE_SECRET for data that is not base64. */
export function secretValues(
  data: Readonly<Record<string, string>>,
  stringData: Readonly<Record<string, string>>,
  where: string,
): SecretValues {
  const values = new Map<string, string>();
  for (const [key, encoded] of Object.entries(data)) {
    try {
      values.set(key, new TextDecoder().decode(Uint8Array.fromBase64(encoded)));
    } catch {
      throw new TendrilError("SITE_SECRET", `${where}: data of key ${shown(key)} is not base64`, {
        hint: "Values in data are base64; plain text belongs into stringData.",
      });
    }
  }
  for (const [key, value] of Object.entries(stringData)) values.set(key, value);
  return values;
}

/** The TLS credentials in a Secret. Throws SITE_SECRET when one is missing or is no PEM; `where` begins its message. */
export function tlsCredentials(values: SecretValues, where: string): TlsCredentials {
  return {
    ca: pemValue(values, "ca.crt", CERTIFICATE, where),
    cert: pemValue(values, "tls.crt", CERTIFICATE, where),
    key: pemValue(values, "tls.key", PRIVATE_KEY, where),
  };
}

/** Who a server is that asks no client for a certificate, in a Secret. Throws as {@link tlsCredentials}; also for a wrong key. */
export function serverIdentity(values: SecretValues, where: string): ServerIdentity {
  const identity = {
    cert: pemValue(values, "tls.crt", CERTIFICATE, where),
    key: pemValue(values, "tls.key", PRIVATE_KEY, where),
  };
  const fault = keyFault(identity);
  if (fault === undefined) return identity;
  throw new TendrilError("SITE_SECRET", `${where}: ${fault}`, {
    hint: "Copy tls.crt and tls.key from the same place.",
  });
}

/** The same for a server that lets in those clients alone whose certificate is of an authority in ca.crt. */
export function judgingIdentity(values: SecretValues, where: string): ServerIdentity {
  return { ...serverIdentity(values, where), clientCa: pemValue(values, "ca.crt", CERTIFICATE, where) };
}

/** TLS to a target by a Secret, of which ca.crt may be missing. Throws as {@link tlsCredentials}; also for a wrong key. */
export function targetTls(
  values: SecretValues,
  where: string,
  { useClientCert, verifyHostname }: { readonly useClientCert: boolean; readonly verifyHostname: boolean },
): TargetTls {
  const ca = (values.get("ca.crt") ?? "") === "" ? "" : pemValue(values, "ca.crt", CERTIFICATE, where);
  return { ca, ...(useClientCert ? { identity: serverIdentity(values, where) } : {}), verifyHostname };
}

function pemValue(values: SecretValues, key: string, label: RegExp, where: string): string {
  const value = values.get(key);
  const what = value === undefined || value === "" ? "is missing" : pemFault(value, label);
  if (value !== undefined && what === undefined) return value;
  throw new TendrilError("SITE_SECRET", `${where}: ${key} ${what}`, { hint: TLS_HINT });
}

/** Why `text` is no PEM with a block named `label`; text around blocks and further blocks are allowed, as PEM does. */
function pemFault(text: string, label: RegExp): string | undefined {
  const begin = /-----BEGIN ([A-Z0-9 ]+)-----/g;
  let found = false;
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const name = match[1] ?? "";
    const end = text.indexOf(`-----END ${name}-----`, begin.lastIndex);
    if (end < 0) return "is cut off: the end of the PEM is missing";
    const body = text.slice(begin.lastIndex, end);
    begin.lastIndex = end;
    if (name.includes("ENCRYPTED") || body.includes("ENCRYPTED")) return "is encrypted";
    if (!label.test(name)) continue; // Such as "EC PARAMETERS" before a key.
    if (!/^[A-Za-z0-9+/=\s]+$/.test(body) || body.trim() === "") return "is not PEM";
    found = true;
  }
  return found ? undefined : "is not PEM";
}

/** The HTTP proxy in a Secret. Throws SITE_SECRET when host or port is missing; `where` begins its message. */
export function proxySpec(values: SecretValues, where: string): ProxySpec {
  const host = values.get("host")?.trim() ?? "";
  const portText = values.get("port")?.trim() ?? "";
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  if (!isHost(host) || port < 1 || port > PORT_MAX) {
    const key = isHost(host) ? "port" : "host";
    throw new TendrilError("SITE_SECRET", `${where}: ${key} of the proxy is missing or wrong`, {
      hint: "Put host, port and, if the proxy asks for them, username and password into the Secret.",
    });
  }
  const username = values.get("username");
  const password = values.get("password");
  return {
    host,
    port,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}
