/** Requests that two readers might take in two ways: refused, or passed on in one reading, with Node as the other reader. */

import assert from "node:assert/strict";
import { loadBuiltin } from "../../agent/adaptor/builtin.ts";
import {
  octetsOf,
  type Reading,
  type ReadRequest,
  readRequests,
  writeRequests,
} from "../../agent/adaptor/testing_http1.ts";
import { NodeOracle, type OracleRequest } from "../support/node_http.ts";
import { testWith } from "../support/programs.ts";
import { asOracle } from "./reading.ts";

interface Case {
  readonly name: string;
  readonly input: string;
  readonly requests: readonly { readonly method: string; readonly path: string; readonly body?: string }[];
  readonly then?: "refused";
}

const cases = (await Deno.readTextFile(new URL("../data/http1/smuggling.jsonl", import.meta.url))).trim().split("\n")
  .map((line) => JSON.parse(line) as Case);

/** In one piece, octet by octet, and in pieces of seven. */
function waysToSend(input: string): Uint8Array[][] {
  const octets = octetsOf(input);
  return [1, 7, octets.length].map((size) =>
    Array.from(
      { length: Math.ceil(octets.length / size) },
      (_, index) => octets.slice(index * size, (index + 1) * size),
    )
  );
}

function check({ requests, then }: Case, reading: Reading): void {
  const complete = reading.requests.filter((request) => request.complete).map(asOracle);
  assert.deepEqual(complete, requests.filter(({ body }) => body !== undefined));
  assert.equal(reading.requests.length, requests.length, "requests that were begun");
  const refused = requests.length === 0 || then === "refused";
  assert.ok(reading.closed, "the connection ends");
  assert.equal(/^HTTP\/1\.1 (4|501|505)/m.test(reading.written), refused, reading.written);
}

Deno.test("smuggling: there are at least 100 cases, each with a name of its own", () => {
  assert.ok(cases.length >= 100);
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
});

for (const one of cases) {
  Deno.test(`smuggling: ${one.name}`, async () => {
    const module = await loadBuiltin("http1");
    for (const chunks of waysToSend(one.input)) check(one, readRequests(module, chunks));
  });
}

testWith(["node"], "smuggling: Node finds in what is passed on the requests that were passed on", async ({ node }) => {
  const module = await loadBuiltin("http1");
  await using oracle = new NodeOracle(node!);
  for (const { name, input, requests } of cases) {
    const read: readonly ReadRequest[] = readRequests(module, [octetsOf(input)]).requests;
    const written = writeRequests(module, read);
    assert.ok(written !== undefined, `${name}: the connector takes what the listener makes`);
    const whole = requests.filter(({ body }) => body !== undefined) as OracleRequest[];
    const found: OracleRequest[] = [];
    for (const connection of written) found.push(...(await oracle.read(connection)).requests);
    assert.deepEqual(found, whole, name);
    // What Node finds in the client's own octets is the same, as far as it reads them.
    const direct = (await oracle.read(input)).requests.slice(0, whole.length);
    assert.deepEqual(direct, whole.slice(0, direct.length), name);
  }
});
