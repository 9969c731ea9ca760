/** The addresses of clients as others know them. */

/** `address` without a zone, which means nothing elsewhere; one of IPv4 as such also where it came in by IPv6. */
export function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, "");
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare;
}
