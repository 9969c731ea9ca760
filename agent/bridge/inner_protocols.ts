/** What TLS is to say of the protocol inside it (ALPN, RFC 7301). */

const NAMES: Readonly<Record<string, readonly string[]>> = {
  http1: ["http/1.1"],
  http2: ["h2"],
  auto: ["h2", "http/1.1"],
};

/** The names for what an adaptor speaks with its socket; empty where there is no such name, or anything may be spoken. */
export function innerProtocols(protocol: string): readonly string[] {
  return Object.hasOwn(NAMES, protocol) ? NAMES[protocol] ?? [] : [];
}
