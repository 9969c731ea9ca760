/** Does something take TCP connections there, and is it who it should be? */

import { formatEndpoint } from "../../lib/endpoint.ts";
import { TendrilError } from "../../lib/errors.ts";
import { discard } from "../../transport/abort.ts";
import { connectTcp } from "../../transport/tcp_connect.ts";
import { dialSecureTarget } from "../secure_target.ts";
import type { TargetTls } from "../spec.ts";

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

/** Connects with TLS, as a Connector with `tls` does, and closes. Throws `TARGET_*`. */
export async function connectSecurely(host: string, port: number, tls: TargetTls, timeoutMs: number): Promise<void> {
  const target = { host, port, tls, protocols: [], timeoutMs, onRejected() {} };
  const socket = await dialSecureTarget(target, new AbortController().signal);
  socket.close();
}
