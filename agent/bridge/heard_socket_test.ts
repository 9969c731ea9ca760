import assert from "node:assert/strict";
import { HeardSocket } from "./heard_socket.ts";
import { MAX_DETECTED_OCTETS } from "./detect.ts";
import type { LocalSocket } from "./local_socket.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const PATIENT = { silenceMs: 60_000, detectionMs: 60_000 };

/** A socket that has what it is given, when it is given. */
class Source implements LocalSocket {
  readonly remoteAddr = { hostname: "h" };
  readonly #pieces: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #over = false;
  /** What a read fails with. */
  failure: Error | undefined;

  give(...pieces: string[]): this {
    this.#pieces.push(...pieces.map((piece) => encoder.encode(piece)));
    this.#wake?.();
    return this;
  }

  end(): this {
    this.#over = true;
    this.#wake?.();
    return this;
  }

  async read(target: Uint8Array): Promise<number | null> {
    if (this.failure !== undefined) throw this.failure;
    while (this.#pieces.length === 0 && !this.#over) await new Promise<void>((resolve) => this.#wake = resolve);
    const piece = this.#pieces.shift() ?? new Uint8Array(0);
    const taken = Math.min(piece.length, target.length);
    target.set(piece.subarray(0, taken));
    if (taken < piece.length) this.#pieces.unshift(piece.subarray(taken));
    return taken || null;
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  setNoDelay(): void {}
  close(): void {}

  write(): Promise<number> {
    return Promise.resolve(0);
  }
}

async function readAll(socket: LocalSocket, size = 5): Promise<string> {
  const buffer = new Uint8Array(size);
  let text = "";
  for (let taken = await socket.read(buffer); taken !== null; taken = await socket.read(buffer)) {
    text += decoder.decode(buffer.subarray(0, taken));
  }
  return text;
}

Deno.test("heard socket: what was heard is read again, then what follows", async () => {
  const text = "GET /path HTTP/1.1\r\nHost: h\r\n\r\n";
  const source = new Source().give(...text);
  const octets = new HeardSocket(source, PATIENT);
  assert.equal(await octets.detect(), "http1");
  source.give("more", " and more").end();
  assert.equal(await readAll(octets), `${text}more and more`);
});

Deno.test("heard socket: who says nothing is one of TCP, and what it says later is not lost", async () => {
  const source = new Source();
  const octets = new HeardSocket(source, { silenceMs: 1, detectionMs: 60_000 });
  assert.equal(await octets.detect(), "tcp");
  source.give("GET / HTTP/1.1\r\n", "late").end();
  assert.equal(await readAll(octets), "GET / HTTP/1.1\r\nlate");
});

Deno.test("heard socket: who trickles has as much time as that in all", async () => {
  const source = new Source().give("G");
  const octets = new HeardSocket(source, { silenceMs: 60_000, detectionMs: 20 });
  const trickle = setInterval(() => source.give("G"), 1);
  assert.equal(await octets.detect(), "tcp");
  clearInterval(trickle);
  source.give("!").end();
  assert.match(await readAll(octets), /^G+!$/);
});

Deno.test("heard socket: an end, or more octets than are looked at, decide", async () => {
  const over = new HeardSocket(new Source().give("GET").end(), PATIENT);
  assert.equal(await over.detect(), "tcp");
  assert.equal(await readAll(over), "GET");
  const text = `GET /${"x".repeat(3 * MAX_DETECTED_OCTETS)}`;
  const long = new HeardSocket(new Source().give(text).end(), PATIENT);
  assert.equal(await long.detect(), "tcp");
  assert.equal(await readAll(long, 1000), text);
});

Deno.test("heard socket: a socket that fails is told of, before and after", async () => {
  const source = new Source();
  source.failure = new Error("gone");
  await assert.rejects(new HeardSocket(source, PATIENT).detect(), /gone/);
  const later = new Source().give("x");
  const octets = new HeardSocket(later, PATIENT);
  assert.equal(await octets.detect(), "tcp");
  later.failure = new Error("gone");
  await assert.rejects(readAll(octets), /gone/);
});
