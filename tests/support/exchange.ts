/** Data that tests send through a network, and how they see that it came through unchanged. */

import { createHash } from "node:crypto";
import { connect, readToEnd, writeAll } from "./tcp.ts";

/** `octets`, a multiple of 4, in which no piece can be wrong, missing or moved without notice. */
export function pattern(octets: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(octets);
  const view = new DataView(block.buffer);
  for (let at = 0; at < octets; at += 4) view.setUint32(at, Math.imul(at, 2654435761));
  return block;
}

const BLOCK = pattern(1024 * 1024);

/** What {@link exchange} has read. */
export interface Exchanged {
  readonly octets: number;
  /** SHA-256, hexadecimal. */
  readonly hash: string;
}

/** What an exchange of `octets`, whole MiB, must bring. */
export function expected(octets: number): Exchanged {
  const hash = createHash("sha256");
  for (let at = 0; at < octets; at += BLOCK.length) hash.update(BLOCK);
  return { octets, hash: hash.digest("hex") };
}

/** Sends `octets` of a pattern, whole MiB, and ends its side; meanwhile reads to the end. */
export async function exchange(conn: Deno.TcpConn, octets: number): Promise<Exchanged> {
  const hash = createHash("sha256");
  const sending = (async () => {
    for (let at = 0; at < octets; at += BLOCK.length) await writeAll(conn, BLOCK);
    await conn.closeWrite();
  })();
  const read = await readToEnd(conn, (piece) => hash.update(piece));
  await sending;
  return { octets: read, hash: hash.digest("hex") };
}

/** Sends `payload`, ends its side, and returns everything that comes back. */
export async function ask(port: number, payload: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const conn = await connect(port);
  const sending = (async () => {
    await writeAll(conn, payload);
    await conn.closeWrite();
  })();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  await readToEnd(conn, (piece) => chunks.push(piece.slice()));
  await sending;
  conn.close();
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
