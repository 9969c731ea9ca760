/**
 * Node's HTTP/2 client as a process of its own, for tunnels in the clear: `ws PORT TEXTS` says each text in a WebSocket frame, as
 * RFC 8441 has it; `connect PORT AUTHORITY TEXT` says the text through CONNECT, and shuts its half when all of it
 * is back.
 */

import { run } from "./processes.ts";

const SCRIPT = `
const http2 = require("node:http2");
const [kind, port, ...rest] = process.argv.slice(1);
const session = http2.connect("http://127.0.0.1:" + port);
const found = { status: 0, heard: [], ended: false };
const finish = () => {
  console.log(JSON.stringify(found));
  session.close();
};
const head = kind === "connect" ? { ":method": "CONNECT", ":authority": rest[0] } : {
  ":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":path": "/ws",
  ":authority": "127.0.0.1:" + port, "sec-websocket-version": "13", origin: "http://127.0.0.1:" + port,
};
/** A masked frame of fewer than 126 octets, or of fewer than 65,536. */
function frame(code, text) {
  const octets = Buffer.from(text);
  const mask = Buffer.from([1, 2, 3, 4]);
  const length = octets.length < 126
    ? Buffer.from([128 | octets.length])
    : Buffer.from([128 | 126, octets.length >> 8, octets.length & 255]);
  return Buffer.concat([Buffer.from([128 | code]), length, mask, octets.map((octet, at) => octet ^ mask[at % 4])]);
}
session.on("remoteSettings", (settings) => {
  if (kind === "ws" && !settings.enableConnectProtocol) return finish();
  const stream = session.request(head, { endStream: false });
  let octets = Buffer.alloc(0);
  stream.on("error", (error) => found.error = error.message);
  stream.on("response", (headers) => {
    found.status = headers[":status"];
    if (found.status !== 200) return;
    if (kind === "connect") return stream.write(rest[1]);
    for (const text of JSON.parse(rest[0])) stream.write(frame(1, text));
    stream.write(frame(8, Buffer.from([3, 232])));
  });
  stream.on("data", (piece) => {
    octets = Buffer.concat([octets, piece]);
    if (kind === "connect" && octets.length === rest[1].length) stream.end();
    for (; kind === "ws" && octets.length >= 4;) {
      const long = octets[1] === 126;
      const [from, length] = long ? [4, octets.readUInt16BE(2)] : [2, octets[1]];
      if (octets.length < from + length) break;
      if ((octets[0] & 15) === 1) found.heard.push(octets.toString("utf8", from, from + length));
      else if ((octets[0] & 15) === 8) stream.end();
      octets = octets.subarray(from + length);
    }
  });
  stream.on("end", () => found.ended = true);
  stream.on("close", () => {
    if (kind === "connect") found.heard.push(octets.toString());
    finish();
  });
});
`;

/** What the client found. */
export interface TunnelReport {
  /** The status of the answer. */
  readonly status: number;
  /** Texts that came back. */
  readonly heard: readonly string[];
  /** The server's half ended in order. */
  readonly ended: boolean;
  /** Why the stream broke. */
  readonly error?: string;
}

/** Runs the client; `node` is the path of the program. */
export async function tunnel(node: string, ...args: readonly string[]): Promise<TunnelReport> {
  const { stdout, stderr } = await run(node, ["-e", SCRIPT, ...args]);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}
