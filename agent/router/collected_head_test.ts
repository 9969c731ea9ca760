import assert from "node:assert/strict";
import { CollectedHead } from "./collected_head.ts";

Deno.test("collected head: each piece may complete it; one in very many pieces is read ever less often", () => {
  const head = new CollectedHead();
  let reads = 0;
  let read = 0;
  for (let octet = 0; octet < 65_536; octet++) {
    head.push(new Uint8Array([octet]));
    const bytes = head.peek(false);
    if (octet < 1000) assert.equal(bytes?.length, octet + 1);
    if (bytes === undefined) continue;
    reads++;
    read += bytes.length;
  }
  assert.ok(read < 16 * 1024 * 1024, `${read} octets in ${reads} times`);
  assert.equal(head.peek(true)?.length, 65_536, "the end of the message");
});
