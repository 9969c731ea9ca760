/**
 * Tunnels of clients: CONNECT (RFC 9113, 8.5) and WebSocket by extended CONNECT (RFC 8441), as the requests of HTTP/1.1 that lead
 * to the same, CONNECT and an Upgrade. Behind the heads both are octets.
 */

import { fieldValue, fieldValueLength, hasUpgrade, isField } from "../../http/assembly/fields";
import { nextMessageField, startMessageFields } from "../../http/assembly/message";
import { putNamedField, putOctetsProperty, putStringProperty, putSubject } from "../../sdk/assembly/head_writer";
import { copyAscii, equalsAscii, equalsIgnoringCase } from "../../sdk/assembly/text";
import { authority, authorityLength, contentLength, path, pathLength, protocol, protocolLength } from "./head";
import { Stream } from "./stream";
import { putFields } from "./to_network";

/**
 * WebSocket in HTTP/2 has no key, a server of HTTP/1.1 wants one, and an adaptor knows no chance: it is always the same, and so
 * is what the server makes of it (RFC 6455, 1.3). It shows that the server speaks WebSocket, and hides nothing.
 */
const KEY: string = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: string = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const TEXT: usize = memory.data(32, 8);

/** The status with which the CONNECT that was judged last is refused, or 0. */
export function refusalOfTunnel(last: bool): u32 {
  if (protocolLength > 0 && !equalsIgnoringCase(protocol, protocolLength, "websocket")) return 501;
  // It has no body, and who shuts it at once has no use for it.
  return last || contentLength > 0 ? 400 : 0;
}

/** Writes the request into the open head. */
export function putTunnelHead(): void {
  const plain = protocolLength == 0;
  copyAscii(TEXT, plain ? "CONNECT" : "GET");
  putSubject(TEXT, plain ? 7 : 3);
  putStringProperty(":version", "2");
  if (plain) putOctetsProperty(":path", authority, authorityLength);
  else putOctetsProperty(":path", path, pathLength);
  putNamedField("host", authority, authorityLength);
  putFields(false, true);
  if (plain) return;
  copyAscii(TEXT, "websocket");
  putNamedField("upgrade", TEXT, 9);
  copyAscii(TEXT, KEY);
  putNamedField("sec-websocket-key", TEXT, KEY.length);
}

/** Whether the answer that was read last opens the tunnel. */
export function isTunnelAnswer(stream: Stream, status: u32): bool {
  if (!stream.isWebSocket) return status >= 200 && status < 300;
  return status == 101 && hasUpgrade && acceptsKey();
}

function acceptsKey(): bool {
  startMessageFields();
  while (nextMessageField(false)) {
    if (isField("sec-websocket-accept")) return equalsAscii(fieldValue, fieldValueLength, ACCEPT);
  }
  return false;
}
