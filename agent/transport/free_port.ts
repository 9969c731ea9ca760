/** Whether a port can be opened now, which says nothing about a moment later. */

/** True or false; undefined where it may not be tried, which is not asked for either. */
export function isPortFree(hostname: string, port: number): boolean | undefined {
  const { state } = Deno.permissions.querySync({ name: "net", host: `${hostname}:${port}` });
  if (state !== "granted") return undefined;
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
