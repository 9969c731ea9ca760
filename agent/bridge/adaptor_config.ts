/** The configuration that adaptors with many messages per connection are opened with. */

/** Octets of a name. */
const NAME_OCTETS = 255;

/**
 * Lines that tell an adaptor where it is, so that answers which it makes up can say so: `site=` the router's id, `key=` the
 * routing key. Anything but visible ASCII, and quotes, is replaced. `secure`: its socket leads to a target with TLS, and
 * `scheme=https` says that.
 */
export function adaptorConfig(site: string, routingKey: string, secure = false): Uint8Array {
  const scheme = secure ? "scheme=https\n" : "";
  return new TextEncoder().encode(`site=${plain(site)}\nkey=${plain(routingKey)}\n${scheme}`);
}

/** `name` as visible ASCII without quotes, cut short. */
export function plain(name: string): string {
  return name.replace(/[^\x21-\x7e]|["\\]/g, "_").slice(0, NAME_OCTETS);
}
