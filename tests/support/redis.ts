/** A real Redis server on loopback that keeps nothing, and what its clients send. */

import { compileAdaptor } from "../../adaptors/compile.ts";
import { freePort } from "./ports.ts";
import { type Process, start, untilListening } from "./processes.ts";

/** A server that runs. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly process: Process;
}

/** Starts `program`, which is `redis-server`, with further options. */
export async function startRedis(program: string, ...options: string[]): Promise<RedisServer> {
  const port = freePort();
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/tmp"];
  const process = start("redis", program, [...args, ...options]);
  await untilListening(port, process);
  return { port, process, [Symbol.asyncDispose]: () => process.stop() };
}

/** The sample adaptor for Redis, built from its source. */
export function buildRedisAdaptor(): Promise<Uint8Array<ArrayBuffer>> {
  const entry = new URL("../../adaptors/samples/redis/assembly/index.ts", import.meta.url);
  return compileAdaptor(entry.pathname, { memoryPages: 3 });
}

/** A command as clients send it. */
export function command(...words: (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [encoder.encode(`*${words.length}\r\n`)];
  for (const word of words) {
    const octets = typeof word === "string" ? encoder.encode(word) : word;
    parts.push(encoder.encode(`$${octets.length}\r\n`), octets, encoder.encode("\r\n"));
  }
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const encoder = new TextEncoder();
