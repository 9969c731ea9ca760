/**
 * What a resolver takes for a host name: more than what may be registered (RFC 1123) and Skupper accepts. Underscores
 * stand in the names of containers and services, `xn--` begins a name that is not ASCII, and a dot at the end says that
 * the name is complete.
 */

/** Longest name, without the dot at the end. */
const NAME_MAX = 253;
const LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?";
const NAME = new RegExp(`^${LABEL}(\\.${LABEL})*\\.?$`, "i");
/** The last label of an IPv4 address that is none: a resolver would not look such a name up. */
const NUMERIC_END = /(^|\.)[0-9]+\.?$/;

/** True for the name of a host; false for addresses and everything else. */
export function isHostName(text: string): boolean {
  return text.length <= NAME_MAX + 1 && NAME.test(text) && !NUMERIC_END.test(text) &&
    withoutRootDot(text).length <= NAME_MAX;
}

/** True for a host that is this machine, whatever its resolver says. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** `name` as certificates and TLS spell it: without the dot at the end. */
export function withoutRootDot(name: string): string {
  return name.endsWith(".") ? name.slice(0, -1) : name;
}
