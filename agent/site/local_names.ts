/** The names and addresses by which others may know this machine. */

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];
const EVERYWHERE = ["", "0.0.0.0", "::"];

/**
 * All of them, `bind` first unless it means "everywhere". Without the permission to look at the system, what is known
 * anyway: link generation adds further names later. The first refusal ends the looking, so that no more is asked for.
 */
export function localNames(bind: string): string[] {
  const names = EVERYWHERE.includes(bind) ? [] : [bind];
  try {
    const hostname = Deno.hostname();
    if (hostname !== "") names.push(hostname);
    for (const { address, scopeid } of Deno.networkInterfaces()) {
      // Link-local addresses mean nothing without their interface.
      if (!scopeid) names.push(address);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
  return [...new Set([...names, ...LOOPBACK])];
}
