/**
 * Passes an HTTP proxy by CONNECT (RFC 9110, 9.3.6): a socket to the proxy in, the same socket out once it leads to the
 * target. Basic credentials only.
 */

import type { Socket } from "node:net";
import { TendrilError } from "../lib/errors.ts";
import { discard, onAbort } from "./abort.ts";
import { HeadReader, type HttpHead, statusOf } from "./http_head.ts";
import { linkError } from "./link_error.ts";

/** Where the proxy is, and who we are to it. */
export interface ProxyOptions {
  /** Name or IP address. */
  readonly host: string;
  /** Port at the host. */
  readonly port: number;
  /** User of Basic authentication; none is sent without one. */
  readonly username?: string;
  /** Password of Basic authentication. */
  readonly password?: string;
}

/** The head of a CONNECT request for `target`, `host:port`. */
export function connectRequest(target: string, proxy: ProxyOptions): string {
  const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`];
  if (proxy.username !== undefined) {
    const pair = new TextEncoder().encode(`${proxy.username}:${proxy.password ?? ""}`);
    lines.push(`Proxy-Authorization: Basic ${btoa(String.fromCharCode(...pair))}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Undefined if `head` opens the tunnel, otherwise why not. */
export function refusalOf(head: HttpHead, proxy: string, target: string): TendrilError | undefined {
  const status = statusOf(head.startLine);
  if (status >= 200 && status < 300) return undefined;
  if (status === 407) {
    return new TendrilError("LINK_PROXY_AUTH", `The proxy ${proxy} wants other credentials than it was given.`, {
      hint: "Check the username and password of the link's proxy; only Basic authentication is supported.",
    });
  }
  return new TendrilError(
    "LINK_PROXY_REFUSED",
    `The proxy ${proxy} will not connect to ${target}: ${head.startLine.slice(9, 109)}.`,
    { hint: "Have the proxy allow CONNECT to this host and port." },
  );
}

/**
 * Asks the proxy behind `socket` for `target`. Throws `LINK_PROXY_AUTH`, `LINK_PROXY_REFUSED`, `LINK_PROXY_PROTOCOL` or
 * the reason of `signal`, once the socket is closed.
 */
export function openTunnel(
  socket: Socket,
  target: string,
  proxy: ProxyOptions,
  name: string,
  signal: AbortSignal,
): Promise<Socket> {
  const reader = new HeadReader("HTTP/1.");
  return new Promise((resolve, reject) => {
    const finish = (error: unknown) => {
      stop();
      socket.off("readable", onReadable).off("end", onEnd);
      if (error === undefined) resolve(socket);
      else discard(socket).then(() => reject(error));
    };
    const onReadable = () => {
      try {
        for (let chunk; (chunk = socket.read() as Uint8Array | null) !== null;) {
          const found = reader.push(chunk);
          if (found === undefined) continue;
          const refusal = refusalOf(found.head, name, target);
          // The target waits for our hello; whatever comes with the answer is not its doing.
          const extra = refusal === undefined && found.rest.length > 0;
          finish(extra ? protocolError(name, "it sent more than its answer") : refusal);
          return;
        }
      } catch (error) {
        finish(protocolError(name, (error as Error).message));
      }
    };
    const onEnd = () => finish(protocolError(name, "it hung up without an answer"));
    socket.on("readable", onReadable).on("end", onEnd).on("error", (error) => finish(proxyUnreachable(name, error)));
    const stop = onAbort(signal, () => queueMicrotask(() => finish(signal.reason)));
    socket.write(connectRequest(target, proxy));
  });
}

/** The failure to get through to the proxy itself. */
export function proxyUnreachable(proxy: string, error: unknown): TendrilError {
  const cause = linkError(error, { peer: proxy, handshaking: false });
  if (cause.code === "LINK_TIMEOUT" || cause.code === "LINK_ABORTED" || cause.code === "LINK_PERMISSION") return cause;
  return new TendrilError("LINK_PROXY_UNREACHABLE", `The proxy can't be reached. ${cause.message}`, {
    cause,
    hint: "Check host and port of the link's proxy.",
  });
}

function protocolError(proxy: string, what: string): TendrilError {
  return new TendrilError("LINK_PROXY_PROTOCOL", `What answers at ${proxy} is no usable HTTP proxy: ${what}.`, {
    hint: "Check host and port of the link's proxy.",
  });
}
