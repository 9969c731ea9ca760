/**
 * Damaged requests: the HTTP/1.1 adaptor never traps, reads the same however the octets are cut, and passes on what Node's
 * server reads as the same requests.
 */

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { loadBuiltin } from "../../agent/adaptor/builtin.ts";
import {
  octetsOf,
  type ReadRequest,
  readRequests,
  readResponses,
  textOf,
  writeRequests,
} from "../../agent/adaptor/testing_http1.ts";
import { asOracle } from "../http1/reading.ts";
import { NodeOracle, type OracleRequest } from "../support/node_http.ts";
import { testWith } from "../support/programs.ts";
import { chunksOf } from "./choices.ts";
import { countOf, fuzz, type FuzzTarget } from "./fuzz.ts";

const CI_SECONDS = 60;
/** Inputs that are shown to Node after the run, at most, from all of its time: it takes some connections each. */
const MAX_COMPARED = Deno.env.get("CI") === "true" ? 10_000 : 1500;

const SEEDS = [
  "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
  "POST /a?b=c HTTP/1.1\r\nHost: h:80\r\nContent-Length: 5\r\nX-A: b \r\n\r\nhelloGET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
  "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-T: t\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
  "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nmore",
  "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\nmore",
  "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
  "PUT http://h/a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: h\r\nConnection: close, x-a\r\nX-A: 1\r\nKeep-Alive: 5\r\nCookie: \xc3\xa9\r\n\r\n",
];
const TOKENS = [
  ...["\r\n", "\n", "\r", " ", "\t", ":", ",", ";", "\0", "0", "\r\n\r\n", "\r\n "],
  ...["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Host: h\r\n", "Connection: close\r\n"],
  ...["GET / HTTP/1.1\r\nHost: h\r\n\r\n", "0\r\n\r\n", "5\r\nhello\r\n", "chunked", "HTTP/1.1", "HTTP/1.0"],
];

/** A tunnel's octets are nobody's to read. */
function isPlain({ head }: ReadRequest): boolean {
  return head.subject !== "CONNECT" && !head.properties.some(([key]) => key.toLowerCase() === "upgrade");
}

testWith(
  ["node"],
  "fuzz: what the HTTP/1.1 adaptor passes on has one reading, and Node's is the same",
  async ({ node }) => {
    const module = await loadBuiltin("http1");
    const passedOn = new Set<string>();
    const target: FuzzTarget = {
      name: "HTTP/1.1 requests",
      ciSeconds: CI_SECONDS,
      seeds: SEEDS.map(octetsOf),
      tokens: TOKENS.map(octetsOf),
      run: (input, choose) => {
        const reading = readRequests(module, [input]);
        assert.deepEqual(readRequests(module, chunksOf(input, choose)), reading, "another reading in other pieces");
        const complete = reading.requests.filter((request) => request.complete);
        if (complete.length > 0 && reading.requests.every(isPlain)) passedOn.add(textOf(input));
        const status = /HTTP\/1\.1 ([45]\d\d) /.exec(reading.written)?.[1] ?? "none";
        return `${complete.length} of ${reading.requests.length}, ${status}`;
      },
    };
    const report = fuzz(target);
    assert.ok(countOf(report, (outcome) => outcome.endsWith("400")) > 0);
    assert.ok(countOf(report, (outcome) => outcome.startsWith("2 of 2")) > 0);

    await using oracle = new NodeOracle(node!);
    const every = Math.ceil(passedOn.size / MAX_COMPARED);
    const compared = [...passedOn].filter((_, at) => at % every === 0);
    console.log(`${compared.length} of ${passedOn.size} inputs that are passed on are shown to Node`);
    for (const input of compared) {
      const requests = readRequests(module, [octetsOf(input)]).requests;
      const expected = requests.filter((request) => request.complete).map(asOracle);
      const written = writeRequests(module, requests);
      assert.ok(written !== undefined, `the connector refuses ${JSON.stringify(input)}`);
      const found: OracleRequest[] = [];
      let refused = false;
      for (const connection of written) {
        const reading = await oracle.read(connection);
        refused ||= reading.refused;
        found.push(...reading.requests);
      }
      const differs = `Node reads ${JSON.stringify(written)} differently`;
      // Node may be stricter still, and knows fewer methods: what it finds then must be what was passed on, in order.
      if (!refused) assert.deepEqual(found, expected, differs);
      let next = 0;
      for (const request of expected) if (isDeepStrictEqual(request, found[next])) next++;
      assert.equal(next, found.length, differs);
      // Where a client wants an Upgrade, Node takes even the body of its request for octets of the other protocol.
      if (/^upgrade[^\S\n]*:/im.test(input)) continue;
      const direct = (await oracle.read(input)).requests.slice(0, expected.length);
      assert.deepEqual(direct, expected.slice(0, direct.length), `Node reads ${JSON.stringify(input)} differently`);
    }
  },
);

const RESPONSES = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-T: t\r\n\r\n",
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n${"x".repeat(5000)}\r\n0\r\n\r\n`,
  `HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n${"x".repeat(6000)}`,
  "HTTP/1.0 200 OK\r\nX: y\r\n\r\nto the end",
  "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
  "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
];

Deno.test("fuzz: damaged responses have one reading, however they are cut, and no more octets than they said", async () => {
  const module = await loadBuiltin("http1");
  const report = fuzz({
    name: "HTTP/1.1 responses",
    seeds: RESPONSES.map(octetsOf),
    tokens: [...TOKENS, "HTTP/1.1 200 OK\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n"].map(octetsOf),
    run: (input, choose) => {
      const method = choose(4) === 0 ? "HEAD" : "GET";
      const reading = readResponses(module, method, [input]);
      const cut = readResponses(module, method, chunksOf(input, choose));
      assert.deepEqual(cut.responses, reading.responses, "another reading in other pieces");
      const final = reading.responses.filter(({ head }) => !/^1/.test(head.subject!));
      assert.ok(final.length <= 1, "one request has two answers");
      const length = final[0]?.head.properties.find(([key]) => key.toLowerCase() === "content-length")?.[1].value;
      const complete = final[0]?.complete ?? false;
      if (complete && length !== undefined && method === "GET" && final[0]!.head.subject !== "304") {
        assert.equal(final[0]!.body.length, Number(length));
      }
      if (method === "HEAD") assert.ok(final.every(({ body, head }) => body === "" || head.subject === "502"));
      return `${method} ${final[0]?.head.subject ?? "none"} ${complete}`;
    },
  });
  assert.ok(countOf(report, (outcome) => outcome === "GET 502 true") > 0);
  assert.ok(countOf(report, (outcome) => outcome === "GET 200 true") > 0);
});
