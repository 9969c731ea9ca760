/**
 * The dialling half of the WebSocket upgrade (RFC 6455, 4.1): a fresh channel in, one that speaks AMQP inside WebSocket
 * out.
 */

import { createHash } from "node:crypto";
import { TendrilError } from "../lib/errors.ts";
import { onAbort } from "./abort.ts";
import type { Channel } from "./channel.ts";
import { Handover } from "./handover.ts";
import { hasToken, HeadReader, type HttpHead, statusOf } from "./http_head.ts";
import { SUBPROTOCOL, WebSocketChannel } from "./websocket.ts";

/** The proof that a server understood the upgrade and its `key` (RFC 6455, 4.2.2). */
export function acceptFor(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/**
 * Upgrades `inner`, which is owned from here on. `authority` is the `host:port` that was dialled. Throws
 * `LINK_WS_REFUSED`, `LINK_WS_PROTOCOL`, why the channel ended, or the reason of `signal`, once the channel is closed.
 */
export function upgradeClient(inner: Channel, authority: string, signal: AbortSignal): Promise<Channel> {
  const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  const reader = new HeadReader("HTTP/1.");
  const handover = new Handover(inner);
  return new Promise((resolve, reject) => {
    let failure: unknown;
    const fail = (error: unknown) => {
      failure ??= error;
      inner.destroy();
    };
    const stop = onAbort(signal, () => queueMicrotask(() => fail(signal.reason)));
    handover.attach({
      onData: (chunk) => {
        if (failure !== undefined) return;
        try {
          const found = reader.push(chunk);
          if (found === undefined) return;
          check(found.head, key, authority);
          stop();
          handover.detach(found.rest);
          resolve(new WebSocketChannel(inner, handover, true));
        } catch (error) {
          fail(error instanceof TendrilError ? error : protocolError(authority, (error as Error).message));
        }
      },
      onClose: (error) => {
        stop();
        reject(failure ?? error ?? protocolError(authority, "it hung up without an answer"));
      },
    });
    inner.write(new TextEncoder().encode(upgradeRequest(authority, key)), () => {});
  });
}

function upgradeRequest(authority: string, key: string): string {
  return [
    "GET / HTTP/1.1",
    `Host: ${authority}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
    "\r\n",
  ].join("\r\n");
}

function check(head: HttpHead, key: string, authority: string): void {
  const status = statusOf(head.startLine);
  if (status !== 101) {
    throw new TendrilError(
      "LINK_WS_REFUSED",
      `${authority} will not speak WebSocket: ${head.startLine.slice(9, 109)}.`,
      { hint: "Check that the remote port accepts AMQP over WebSocket, or dial without it." },
    );
  }
  const { fields } = head;
  if (!hasToken(fields.get("upgrade"), "websocket") || !hasToken(fields.get("connection"), "upgrade")) {
    throw protocolError(authority, "its upgrade is incomplete");
  }
  if (fields.get("sec-websocket-accept") !== acceptFor(key)) throw protocolError(authority, "its answer is to another");
  if (fields.has("sec-websocket-extensions")) throw protocolError(authority, "it insists on an extension");
  if (fields.get("sec-websocket-protocol") !== SUBPROTOCOL) {
    throw protocolError(authority, `it did not agree to the subprotocol ${SUBPROTOCOL}`);
  }
}

function protocolError(authority: string, what: string): TendrilError {
  return new TendrilError(
    "LINK_WS_PROTOCOL",
    `What answers at ${authority} is no WebSocket server for AMQP: ${what}.`,
    {
      hint: "Check that the remote port accepts AMQP over WebSocket, or dial without it.",
    },
  );
}
