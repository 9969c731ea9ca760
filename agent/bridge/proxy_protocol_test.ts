import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import type { LocalSocket } from "./local_socket.ts";
import { clientOf, proxyHeader } from "./proxy_protocol.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";

function socket(remote: string, local: string): LocalSocket {
  return {
    remoteAddr: { hostname: remote, port: 51_000 },
    localAddr: { hostname: local, port: 8080 },
    read: () => Promise.resolve(null),
    write: (piece) => Promise.resolve(piece.length),
    closeWrite: () => Promise.resolve(),
    setNoDelay() {},
    close() {},
  };
}

Deno.test("PROXY protocol: the header of a client of IPv4 and of one of IPv6, octet by octet", () => {
  const four = proxyHeader("TCP4 192.0.2.7 198.51.100.1 51000 8080").toHex();
  equal(four, `${SIGNATURE}2111000cc0000207c6336401c7381f90`);
  const six = proxyHeader("TCP6 2001:db8::7 ::1 51000 8080").toHex();
  const [client, listener] = ["20010db8000000000000000000000007", "00000000000000000000000000000001"];
  equal(six, `${SIGNATURE}21210024${client}${listener}c7381f90`);
  equal(
    proxyHeader("TCP6 ::ffff:1.2.3.4 1:2:3:4:5:6:7:8 1 2").toHex().slice(32, 64),
    "00000000000000000000ffff01020304",
  );
});

Deno.test("PROXY protocol: without a client, or with what is none, the header says that nobody is spoken for", () => {
  const local = `${SIGNATURE}20000000`;
  for (
    const text of [
      "",
      "UNKNOWN",
      "TCP4 192.0.2.7 198.51.100.1 51000",
      "TCP4 192.0.2.7 198.51.100.1 51000 65536",
      "TCP4 192.0.2.7 198.51.100.1 -1 80",
      "TCP4 ::1 ::1 1 2",
      "TCP6 192.0.2.7 198.51.100.1 1 2",
      "TCP4 host 198.51.100.1 1 2",
      "TCP4 192.0.2.7 198.51.100.1 1 2 3",
      `TCP6 ${"::1 ".repeat(40)}`,
    ]
  ) equal(proxyHeader(text).toHex(), local, text);
  fc.assert(fc.property(fc.string(), (text) => void equal(proxyHeader(text).toHex(), local)));
});

Deno.test("PROXY protocol: whatever address a client has, its header has the same", () => {
  fc.assert(fc.property(fc.ipV6(), fc.ipV6(), (client, listener) => {
    const header = proxyHeader(`TCP6 ${client} ${listener} 1 2`);
    equal(header.length, 16 + 36);
    const text = (at: number) => [...header.subarray(at, at + 16)].map((octet) => octet.toString(16));
    const written = (at: number) => {
      const groups = text(at).map((octet) => octet.padStart(2, "0")).join("").match(/..../g)!.join(":");
      return new URL(`http://[${groups}]`).hostname;
    };
    deepEqual([written(16), written(32)], [client, listener].map((each) => new URL(`http://[${each}]`).hostname));
  }));
});

Deno.test("PROXY protocol: a client is told by its socket, without zone, and as IPv4 where it is that", () => {
  equal(clientOf(socket("192.0.2.7", "198.51.100.1")), "TCP4 192.0.2.7 198.51.100.1 51000 8080");
  equal(clientOf(socket("::ffff:192.0.2.7", "::ffff:198.51.100.1")), "TCP4 192.0.2.7 198.51.100.1 51000 8080");
  equal(clientOf(socket("fe80::1%eth0", "fe80::2%eth0")), "TCP6 fe80::1 fe80::2 51000 8080");
  equal(clientOf({ ...socket("192.0.2.7", "::"), localAddr: { hostname: "198.51.100.1" } }), undefined);
  equal(clientOf(socket("", "198.51.100.1")), undefined);
});
