/** Addresses as people read and type them. */

/** `host:port`, with brackets where IPv6 needs them. */
export function formatEndpoint(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
