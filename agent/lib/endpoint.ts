/** Addresses as people read and type them. */

/** `host:port`, with brackets where IPv6 needs them. */
export function formatEndpoint(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What stands for the address of a program of this machine that came by a socket of the file system. */
export const LOCAL_PROGRAM = "local";
