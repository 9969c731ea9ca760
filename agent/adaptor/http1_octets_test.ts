/** The HTTP/1 adaptor reads heads eight octets at a time: whatever one says, it says wherever it stands, and however it is cut. */

import assert from "node:assert/strict";
import { loadBuiltin } from "./builtin.ts";
import { octetsOf, type Reading, readRequests } from "./testing_http1.ts";

const FIELD = "X-Field";

function fieldOf({ requests }: Reading): string | undefined {
  return requests[0]?.head.properties.find(([key]) => key === FIELD)?.[1].value as string | undefined;
}

const request = (value: string) => `GET / HTTP/1.1\r\nHost: h\r\n${FIELD}: ${value}\r\n\r\n`;
const filler = (octets: number) => "abcdefghijklmnopqrstuvwxyz".slice(0, octets);

Deno.test("http1 octets: what no value may have is refused at every place of it", async () => {
  const module = await loadBuiltin("http1");
  // Control characters, a lone CR and LF, DEL, and what is no UTF-8: a lone follower, an overlong form, a head without its end.
  for (const bad of ["\0", "\x08", "\n", "\x0b", "\r", "\x1f", "\x7f", "\x80", "\xc0\xaf", "\xe2\x82"]) {
    for (let before = 1; before < 18; before++) {
      const text = request(`${filler(before)}${bad}${filler(17 - before)}.`);
      const { requests, written, closed } = readRequests(module, [octetsOf(text)]);
      assert.match(written, /^HTTP\/1.1 400 /, `${JSON.stringify(bad)} behind ${before}`);
      assert.deepEqual([requests.length, closed], [0, true]);
    }
  }
});

Deno.test("http1 octets: what a value may have passes at every place of it", async () => {
  const module = await loadBuiltin("http1");
  for (const good of ["\t", " ", "~", "!", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"]) {
    for (let before = 1; before < 18; before++) {
      const value = `${filler(before)}${good}${filler(17 - before)}.`;
      assert.equal(
        fieldOf(readRequests(module, [octetsOf(request(value))])),
        new TextDecoder().decode(octetsOf(value)),
      );
    }
  }
});

Deno.test("http1 octets: a head is the same in one piece, in two cut anywhere, and octet by octet", async () => {
  const module = await loadBuiltin("http1");
  const whole = octetsOf(`\r\n${request('one, two; three="four"')}`);
  const expected = readRequests(module, [whole]);
  assert.equal(fieldOf(expected), 'one, two; three="four"');
  for (let cut = 1; cut < whole.length; cut++) {
    assert.deepEqual(readRequests(module, [whole.subarray(0, cut), whole.subarray(cut)]), expected);
  }
  assert.deepEqual(readRequests(module, Array.from(whole, (octet) => Uint8Array.of(octet))), expected);
});

Deno.test("http1 octets: a head may have 16 KiB to the octet, whatever its lines are", async () => {
  const module = await loadBuiltin("http1");
  for (let odd = 0; odd < 9; odd++) {
    const line = `X-Filler: ${"y".repeat(185 + odd)}\r\n`;
    const start = "GET / HTTP/1.1\r\nHost: h\r\n";
    const lines = line.repeat(Math.floor((16_384 - start.length - 40) / line.length));
    const left = 16_384 - start.length - lines.length - 2;
    const last = `X-Last: ${"z".repeat(left - 10)}\r\n`;
    const fits = octetsOf(`${start}${lines}${last}\r\n`);
    assert.equal(fits.length, 16_384);
    assert.equal(readRequests(module, [fits]).requests.length, 1);
    const over = octetsOf(`${start}${lines}z${last}\r\n`);
    assert.match(readRequests(module, [over]).written, /^HTTP\/1.1 431 /);
  }
});
