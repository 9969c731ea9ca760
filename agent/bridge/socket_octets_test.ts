import { deepEqual, equal, notEqual, rejects } from "node:assert/strict";
import { connectedPair } from "../../tests/support/tcp.ts";
import { socketOctets } from "./socket_octets.ts";

for (const [how, core] of [["of the runtime", undefined], ["of the documentation", {}]] as const) {
  Deno.test(`socket octets: the ways ${how} carry octets, tell the end, and fail when the socket is closed`, async () => {
    const [near, far] = await connectedPair();
    const [one, other] = [socketOctets(near, core), socketOctets(far, core)];
    equal(await one.write(new Uint8Array([1, 2, 3])), 3);
    const buffer = new Uint8Array(8);
    equal(await other.read(buffer), 3);
    deepEqual([...buffer.subarray(0, 3)], [1, 2, 3]);
    await near.closeWrite();
    equal(await other.read(buffer), 0);
    const pending = rejects(one.read(buffer));
    near.close();
    await pending;
    far.close();
  });
}

Deno.test("socket octets: this runtime shows what the quick way needs", async () => {
  const [near, far] = await connectedPair();
  notEqual(socketOctets(near).constructor, socketOctets(near, {}).constructor);
  near.close();
  far.close();
});
