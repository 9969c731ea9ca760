/** The names and addresses by which others may know this machine. */

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/**
 * All of them, `bind` first unless it means "everywhere". Without the permission to look at the system, what is known
 * anyway: link generation adds further names later.
 */
export function localNames(bind: string): string[] {
  const names = bind === "" || bind === "0.0.0.0" || bind === "::" ? [] : [bind];
  try {
    names.push(Deno.hostname());
    for (const { address, scopeid } of Deno.networkInterfaces()) {
      // Link-local addresses mean nothing without their interface.
      if (scopeid === null || scopeid === 0) names.push(address);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
  return [...new Set([...names, ...LOOPBACK])];
}
