/** Does something take TCP connections there? */

import { formatEndpoint } from "../../lib/endpoint.ts";
import { TendrilError } from "../../lib/errors.ts";
import { discard } from "../../transport/abort.ts";
import { connectTcp } from "../../transport/tcp_connect.ts";

/** Connects and closes. Throws CHECK_TARGET. */
export async function connectPlainly(host: string, port: number, timeoutMs: number): Promise<void> {
  try {
    await discard(await connectTcp({ host, port }, AbortSignal.timeout(timeoutMs)));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    const late = cause instanceof DOMException;
    const where = formatEndpoint(host, port);
    const message = `${where} ${late ? `does not answer within ${timeoutMs} ms` : "takes no connections"}`;
    const hint = `Start the program that is to listen at ${where}, or correct host and port.`;
    throw new TendrilError("CHECK_TARGET", message, { hint, ...(late ? {} : { cause }) });
  }
}
