/** Damaged frames, in the middle of what the network does: the HTTP/2 adaptor never traps, and never asks for what is out of order. */

import type { MessageHead } from "../../agent/adaptor/action.ts";
import { loadBuiltin } from "../../agent/adaptor/builtin.ts";
import {
  Flag,
  frame,
  GET,
  headers,
  join,
  MemoryConnection,
  number,
  POST,
  PREFACE,
  settings,
  Type,
} from "../../agent/adaptor/testing_http2.ts";
import { type Choose, chunksOf } from "./choices.ts";
import { fuzz, type FuzzTarget } from "./fuzz.ts";

/** Long enough to pass the adaptor by. */
const LONG = "x".repeat(5000);

const asClient = join(
  headers(1, GET),
  headers(3, [...POST, "content-length: 5"], Flag.none),
  frame(Type.data, Flag.end, 3, "hello"),
  headers(5, POST, Flag.none),
  frame(Type.data, Flag.padded, 5, "\x02ab\0\0"),
  headers(5, ["x-sum: 1"]),
  frame(Type.window, 0, 1, number(70_000)),
  headers(7, [...POST, "content-length: 70000"], Flag.none),
  frame(Type.data, Flag.padded, 7, join(Uint8Array.of(9), new Uint8Array(5009))),
  frame(Type.data, 0, 7, new Uint8Array(6000)),
  settings([4, 100], [1, 0]),
  frame(Type.reset, 0, 3, number(8)),
);
const asServer = join(
  headers(1, [":status: 100"], Flag.none),
  headers(1, [":status: 200", "content-length: 2"], Flag.none),
  frame(Type.data, Flag.end, 1, "ok"),
  headers(3, [":status: 200"], Flag.none),
  frame(Type.data, 0, 3, "abc"),
  headers(3, ["x-sum: 1"]),
  frame(Type.reset, 0, 5, number(7)),
  settings([3, 2], [4, 10]),
  frame(Type.goaway, 0, 0, join(number(3), number(0))),
);

/** Something that the network may do. */
function happen(connection: MemoryConnection, isListener: boolean, choose: Choose): void {
  const request = 1 + 2 * choose(4);
  const incoming = isListener ? request + 1 : request;
  const framing = choose(2) === 0
    ? ["transfer-encoding", "chunked"]
    : ["content-length", `${choose(2) * 5000 + choose(9)}`];
  const head: MessageHead = {
    contentType: "",
    subject: isListener ? ["200", "103", "204"][choose(3)]! : ["GET", "HEAD", "POST"][choose(3)]!,
    properties: [
      [":path", { type: "string", value: "/" }],
      ["host", { type: "field", value: "h" }],
      [framing[0]!, { type: "field", value: framing[1]! }],
    ],
  };
  switch (choose(6)) {
    case 0:
      return void connection.tell({ kind: "begin", stream: incoming, head });
    case 1:
      return void (connection.closed ||
        connection.offer(
          incoming,
          ["3\r\nabc\r\n", "0\r\nx: y\r\n\r\n", "abc", "x", LONG, `1388\r\n${LONG}\r\n`][choose(6)]!,
        ));
    case 2:
      return void connection.tell({ kind: "end", stream: incoming });
    case 3:
      return void connection.tell({
        kind: "abort",
        stream: request + choose(2),
        reason: (["released", "failed", "rejected"] as const)[choose(3)]!,
      });
    case 4:
      return void connection.tell({
        kind: "window",
        stream: isListener ? request : request + 1,
        octets: choose(100_000),
      });
    default:
      return void connection.tick(1000 * choose(400_000));
  }
}

for (const role of ["listener", "connector"] as const) {
  Deno.test(`fuzz: the HTTP/2 adaptor as a ${role} takes anything`, async () => {
    const module = await loadBuiltin("http2");
    const isListener = role === "listener";
    const target: FuzzTarget = {
      name: `http2 ${role}`,
      seeds: [isListener ? asClient : asServer],
      tokens: [headers(7, GET), headers(1, [":status: 204"]), settings(), frame(Type.data, 1, 1, "x")],
      run(input, choose) {
        const connection = new MemoryConnection(module, role);
        if (isListener) connection.send(PREFACE);
        connection.send(settings());
        for (let stream = 1; stream < 6 && !isListener; stream += 2) {
          const properties = [[":path", { type: "string", value: "/" }], ["host", {
            type: "field",
            value: "h",
          }]] as const;
          connection.tell({ kind: "begin", stream, head: { contentType: "", subject: "GET", properties } });
        }
        for (const chunk of chunksOf(input, choose)) {
          if (connection.closed) break;
          connection.send(chunk);
          if (choose(2) === 0) happen(connection, isListener, choose);
        }
        return `${connection.goAway} ${connection.begun.length} ${[...connection.resets.values()].join()}`;
      },
    };
    fuzz(target);
  });
}
