/**
 * Tells by its first bytes what an accepted peer speaks: AMQP as it is, or AMQP inside WebSocket (RFC 6455, 4.2). A
 * fresh channel in, one that carries plain AMQP out. Anything else is turned away.
 */

import { TendrilError } from "../lib/errors.ts";
import type { Channel } from "./channel.ts";
import { HandedChannel, Handover } from "./handover.ts";
import { hasToken, HeadReader, type HttpHead } from "./http_head.ts";
import { leftSilently, timeoutError } from "./link_error.ts";
import { SUBPROTOCOL, WebSocketChannel } from "./websocket.ts";
import { acceptFor } from "./websocket_client.ts";

const AMQP = [0x41, 0x4d, 0x51, 0x50];
const GET = [0x47, 0x45, 0x54, 0x20];

/** An upgrade that is turned down: the HTTP status, and why. */
class Refusal extends Error {
  readonly status: string;

  constructor(status: string, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Waits at most `timeoutMs` for the peer to show what it speaks. Throws `LINK_TIMEOUT`, `LINK_PROTOCOL`,
 * `LINK_WS_PROTOCOL` or why the channel ended, once the channel is closed.
 */
export function sniff(inner: Channel, timeoutMs: number): Promise<Channel> {
  const { address } = inner.peer;
  const handover = new Handover(inner);
  const first: number[] = [];
  let reader: HeadReader | undefined;
  return new Promise((resolve, reject) => {
    let failure: TendrilError | undefined;
    const timer = setTimeout(() => {
      failure ??= timeoutError(address, "The beginning of the protocol", timeoutMs);
      inner.destroy();
    }, timeoutMs);
    const settle = (channel: Channel, rest: Uint8Array) => {
      clearTimeout(timer);
      handover.detach(rest);
      resolve(channel);
    };
    const refuse = (error: unknown) => {
      const status = error instanceof Refusal ? error.status : "400 Bad Request";
      const code = reader === undefined ? "LINK_PROTOCOL" : "LINK_WS_PROTOCOL";
      failure = new TendrilError(code, `The peer at ${address} was turned away: ${(error as Error).message}.`, {
        hint: "This port is for AMQP, as it is or inside WebSocket.",
      });
      if (reader === undefined) inner.destroy();
      else {
        const answer = `HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
        inner.write(new TextEncoder().encode(answer), () => inner.close());
      }
    };
    const upgrade = (chunk: Uint8Array) => {
      const found = reader!.push(chunk);
      if (found === undefined) return;
      const answer = answerTo(found.head);
      // Nobody may write before the answer is out.
      inner.write(new TextEncoder().encode(answer), (ok) => {
        if (ok) resolve(new WebSocketChannel(inner, handover, false));
        else reject(left(address));
      });
      clearTimeout(timer);
      handover.detach(found.rest);
    };
    handover.attach({
      onData: (chunk) => {
        if (failure !== undefined) return;
        try {
          if (reader !== undefined) {
            upgrade(chunk);
            return;
          }
          const seen = first.length;
          first.push(...chunk.subarray(0, 4 - seen));
          if (begins(first, AMQP)) {
            if (first.length < 4) return;
            settle(new HandedChannel(inner, handover), joined(first.slice(0, seen), chunk));
          } else if (begins(first, GET)) {
            if (first.length < 4) return;
            reader = new HeadReader("GET ");
            upgrade(joined(first.slice(0, seen), chunk));
          } else refuse(new Error("it speaks neither AMQP nor WebSocket"));
        } catch (error) {
          refuse(error);
        }
      },
      onClose: (error) => {
        clearTimeout(timer);
        const silent = first.length === 0 && inner.peer.tls === undefined;
        reject(failure ?? error ?? (silent ? leftSilently(address) : left(address)));
      },
    });
  });
}

function left(address: string): TendrilError {
  return new TendrilError("LINK_RESET", `The peer at ${address} left before it said what it speaks.`);
}

function joined(before: readonly number[], chunk: Uint8Array): Uint8Array {
  if (before.length === 0) return chunk;
  const whole = new Uint8Array(before.length + chunk.length);
  whole.set(before);
  whole.set(chunk, before.length);
  return whole;
}

function begins(bytes: readonly number[], pattern: readonly number[]): boolean {
  return bytes.every((byte, i) => byte === pattern[i]);
}

/** The 101 answer to an upgrade request; throws why there is none. */
function answerTo({ startLine, fields }: HttpHead): string {
  if (!/^GET \S+ HTTP\/1\.1$/.test(startLine)) throw new Refusal("400 Bad Request", "its request is malformed");
  // Browsers always name an origin, and let any page dial any address: a page must not reach a router.
  if (fields.has("origin")) throw new Refusal("403 Forbidden", "browsers are not served");
  if (!hasToken(fields.get("upgrade"), "websocket") || !hasToken(fields.get("connection"), "upgrade")) {
    throw new Refusal("426 Upgrade Required\r\nUpgrade: websocket", "it asked for no WebSocket");
  }
  if (fields.get("sec-websocket-version") !== "13") {
    throw new Refusal("426 Upgrade Required\r\nSec-WebSocket-Version: 13", "its WebSocket version is unknown");
  }
  const key = fields.get("sec-websocket-key") ?? "";
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) throw new Refusal("400 Bad Request", "its key is malformed");
  if (!hasToken(fields.get("sec-websocket-protocol"), SUBPROTOCOL)) {
    throw new Refusal("400 Bad Request", `it does not offer the subprotocol ${SUBPROTOCOL}`);
  }
  return [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${acceptFor(key)}`,
    `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
    "\r\n",
  ].join("\r\n");
}
