/** Secrets of a site: credentials of links and ports, and of proxies. Their values never reach a message. */

import { TendrilError } from "../lib/errors.ts";
import type { TlsCredentials } from "../transport/channel.ts";
import type { ProxySpec } from "./spec.ts";

/** A Secret's values as text, by key. */
export type SecretValues = ReadonlyMap<string, string>;

/** Decodes the values of one Secret. Throws SITE_SECRET for data that is not base64. */
export function secretValues(
  data: Readonly<Record<string, string>>,
  stringData: Readonly<Record<string, string>>,
  where: string,
): SecretValues {
  const values = new Map<string, string>();
  for (const [key, encoded] of Object.entries(data)) {
    try {
      values.set(key, new TextDecoder().decode(Uint8Array.fromBase64(encoded.replace(/\s/g, ""))));
    } catch {
      throw new TendrilError("SITE_SECRET", `${where}: data of key ${key} is not base64`, {
        hint: "Values in data are base64; plain text belongs into stringData.",
      });
    }
  }
  for (const [key, value] of Object.entries(stringData)) values.set(key, value);
  return values;
}

/** The TLS credentials in a Secret. Throws SITE_SECRET when one is missing or is no PEM. */
export function tlsCredentials(values: SecretValues, where: string): TlsCredentials {
  const pem = (key: string, label: string) => {
    const value = values.get(key);
    if (value === undefined || !value.includes(`-----BEGIN ${label}`)) {
      const what = value === undefined ? "is missing" : "is not PEM";
      throw new TendrilError("SITE_SECRET", `${where}: ${key} ${what}`, {
        hint: "A Secret with TLS credentials has ca.crt, tls.crt and tls.key in PEM.",
      });
    }
    return value;
  };
  const key = values.get("tls.key") ?? "";
  const label = /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)/.exec(key)?.[1] ?? "PRIVATE KEY";
  return { ca: pem("ca.crt", "CERTIFICATE"), cert: pem("tls.crt", "CERTIFICATE"), key: pem("tls.key", label) };
}

/** The HTTP proxy in a Secret. Throws SITE_SECRET when host or port is missing. */
export function proxySpec(values: SecretValues, where: string): ProxySpec {
  const host = values.get("host")?.trim();
  const port = Number(values.get("port"));
  if (host === undefined || host === "" || !(port > 0 && port < 65_536)) {
    throw new TendrilError("SITE_SECRET", `${where}: a proxy needs host and port`, {
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
