/** HPACK of the HTTP/2 adaptor against the vectors of RFC 7541, appendix C, and against itself. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Hpack } from "./testing_hpack.ts";

const octets = (hex: string) => Uint8Array.fromHex(hex.replaceAll(" ", ""));

const dated = (seconds: string) => `date: Mon, 21 Oct 2013 20:13:${seconds} GMT`;
const location = "location: https://www.example.com";
const cookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const requests = [
  [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
  [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
  [":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value"],
];
const responses = [
  [":status: 302", "cache-control: private", dated("21"), location],
  [":status: 307", "cache-control: private", dated("21"), location],
  [":status: 200", "cache-control: private", dated("22"), location, "content-encoding: gzip", cookie],
];
/** A table of 256 octets, as C.5 and C.6 have it: the size is said by the first block. */
const SMALL_TABLE = "3fe101";

const vectors: readonly [string, readonly (readonly [string, readonly string[]])[]][] = [
  ["C.1.1, an integer in its prefix", [["2a", []]]],
  ["C.1.2, an integer beyond its prefix", [["3f9a0a", []]]],
  ["C.2.1, a literal that is indexed", [[
    "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572 be",
    ["custom-key: custom-header", "custom-key: custom-header"],
  ]]],
  ["C.2.2, a literal that is not indexed", [["040c 2f73 616d 706c 652f 7061 7468", [":path: /sample/path"]]]],
  ["C.2.3, a literal that is never indexed", [["1008 7061 7373 776f 7264 0673 6563 7265 74", ["password: secret"]]]],
  ["C.2.4, an indexed field", [["82", [":method: GET"]]]],
  ["C.3, requests without Huffman", [
    ["8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", requests[0]!],
    ["8286 84be 5808 6e6f 2d63 6163 6865", requests[1]!],
    ["8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65", requests[2]!],
  ]],
  ["C.4, requests with Huffman", [
    ["8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", requests[0]!],
    ["8286 84be 5886 a8eb 1064 9cbf", requests[1]!],
    ["8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", requests[2]!],
  ]],
  ["C.5, responses without Huffman, with evictions", [
    [
      `${SMALL_TABLE} 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 ` +
      "3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      responses[0]!,
    ],
    ["4803 3330 37c1 c0bf", responses[1]!],
    [
      "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f " +
      "6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b " +
      "2076 6572 7369 6f6e 3d31",
      responses[2]!,
    ],
  ]],
  ["C.6, responses with Huffman, with evictions", [
    [
      `${SMALL_TABLE} 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad ` +
      "1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
      responses[0]!,
    ],
    ["4883 640e ffc1 c0bf", responses[1]!],
    [
      "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 " +
      "dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
      responses[2]!,
    ],
  ]],
];

for (const [name, blocks] of vectors) {
  Deno.test(`HPACK reads RFC 7541 ${name}`, async () => {
    const hpack = await Hpack.create();
    for (const [block, fields] of blocks) assert.deepEqual(hpack.decode(octets(block)), fields);
  });
}

Deno.test("HPACK writes what RFC 7541 C.4 does", async () => {
  const hpack = await Hpack.create();
  const blocks = vectors.find(([name]) => name.startsWith("C.4"))![1];
  for (const [block, fields] of blocks) assert.equal(hpack.encode(fields).toHex(), block.replaceAll(" ", ""));
});

Deno.test("HPACK never writes an entry for a secret", async () => {
  const hpack = await Hpack.create();
  for (const name of ["authorization", "cookie", "set-cookie", "proxy-authorization"]) {
    const [first, second] = [hpack.encode([`${name}: secret`]), hpack.encode([`${name}: secret`])];
    assert.equal(first[0]! & 0xf0, 0x10);
    assert.deepEqual(second, first);
  }
});

const faults: readonly [string, string][] = [
  ["6.1, index 0", "80"],
  ["2.3.3, an index behind both tables", "be"],
  ["2.3.3, an index far behind both tables", "ffffffff07"],
  ["5.1, an integer that is too large", "ffffffffffffff7f"],
  ["5.1, an integer that is cut short", "ff"],
  ["5.2, a string that is cut short", "400a63"],
  ["5.2, a literal without a value", "400161"],
  ["5.2, Huffman padding of eight bits", "4182 f8ff ff"],
  ["5.2, Huffman padding that is not of ones", "4181 00"],
  ["5.2, the end symbol of Huffman", "4184 ffff ffff"],
  ["6.3, a table larger than agreed", "3fe21f"],
  ["4.2, a change of size behind a field", "8220"],
];
for (const [name, block] of faults) {
  Deno.test(`HPACK refuses RFC 7541 ${name}`, async () => {
    assert.equal((await Hpack.create()).decode(octets(block)), undefined);
  });
}

Deno.test("HPACK says a change of the table's size in the next block, the smallest first", async () => {
  const [writer, reader] = [await Hpack.create(), await Hpack.create()];
  const fields = ["x: 1", "y: 2"];
  assert.deepEqual(reader.decode(writer.encode(fields)), fields);
  writer.limit(0);
  writer.limit(4096);
  const block = writer.encode(fields);
  assert.equal(block.subarray(0, 4).toHex(), "203fe11f");
  assert.deepEqual(reader.decode(block), fields);
  assert.deepEqual(reader.decode(writer.encode(fields)), fields);
});

Deno.test("HPACK reads what it wrote, over many blocks, through evictions and changes of size", async () => {
  const name = fc.constantFrom("a", "server", "content-type", "cookie", "x-a-name-of-some-length", "date", ":path");
  const value = fc.oneof(
    fc.string({ unit: "grapheme-ascii", maxLength: 300 }),
    fc.string({ unit: "binary", maxLength: 40 }).map((text) => text.toWellFormed()),
    fc.constantFrom("", "200", "text/html"),
  ).map((text) => text.replaceAll("\n", ""));
  const block = fc.array(fc.tuple(name, value).map(([name, value]) => `${name}: ${value}`), { maxLength: 12 });
  const step = fc.oneof({ weight: 5, arbitrary: block }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 4096 }) });
  const steps = fc.array(step, { maxLength: 30 });
  const made = [await Hpack.create(), await Hpack.create()];
  const [writer, reader] = made;
  fc.assert(fc.property(steps, (steps) => {
    for (const step of steps) {
      if (typeof step === "number") writer!.limit(step);
      else assert.deepEqual(reader!.decode(writer!.encode(step)), step);
    }
  }));
});

Deno.test("HPACK reads a block with more than an adaptor takes to its end: the next one is right", async () => {
  const hpack = await Hpack.create();
  const indexed = octets("400161 7f f30f".replaceAll(" ", "") + "61".repeat(2162));
  assert.throws(() =>
    hpack.decode(new Uint8Array([...indexed, ...new Array(20).fill(0xbe), ...octets("40016201 63")]))
  );
  assert.deepEqual(hpack.decode(octets("be")), ["b: c"]);
});
