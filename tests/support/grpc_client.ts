/**
 * A gRPC client as a process of its own: `grpc_client.ts PORT CASE` makes the calls of a case and ends with what came of
 * them, as a line of JSON.
 */

import { type CallOptions, Client, credentials, Metadata, type ServiceError, type StatusObject } from "@grpc/grpc-js";
import { anySize, methods } from "./grpc_service.ts";

const [port, name] = Deno.args;
const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), anySize);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a call of one answer came to. */
interface Outcome {
  message?: Uint8Array;
  code: number;
  details: string;
  initial: Record<string, unknown>;
  trailers: Record<string, unknown>;
}

function unary(
  method: keyof typeof methods,
  message: Uint8Array,
  metadata: Metadata = new Metadata(),
  options: CallOptions = {},
): Promise<Outcome> {
  const { path, requestSerialize, responseDeserialize } = methods[method];
  return new Promise((resolve) => {
    let answer: Uint8Array | undefined;
    let initial: Record<string, unknown> = {};
    const take = (_error: ServiceError | null, message?: Uint8Array) => answer = message;
    const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, metadata, options, take);
    call.on("metadata", (metadata: Metadata) => initial = metadata.getMap());
    call.on("status", ({ code, details, metadata }: StatusObject) => {
      resolve({ ...(answer && { message: answer }), code, details, initial, trailers: metadata.getMap() });
    });
  });
}

async function text(method: keyof typeof methods, said: string): Promise<string> {
  const { message } = await unary(method, encoder.encode(said));
  return message === undefined ? "" : decoder.decode(message);
}

/** Counts messages until the stream ends; `onMessage` sees each. */
function count(total: number, onMessage: (number: number, cancel: () => void) => void = () => {}) {
  const { path, requestSerialize, responseDeserialize } = methods.Count;
  const call = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    encoder.encode(String(total)),
    new Metadata(),
  );
  return new Promise<{ messages: number; inOrder: boolean; code: number }>((resolve) => {
    let messages = 0;
    let inOrder = true;
    call.on("data", (message: Uint8Array) => {
      inOrder &&= decoder.decode(message) === String(messages);
      onMessage(messages++, () => call.cancel());
    });
    call.on("error", () => {});
    call.on("status", ({ code }: StatusObject) => resolve({ messages, inOrder, code }));
  });
}

function sum(messages: number, octets: number): Promise<string> {
  const { path, requestSerialize, responseDeserialize } = methods.Sum;
  return new Promise((resolve) => {
    const call = client.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      (error, message) => resolve(error === null ? decoder.decode(message) : String(error.code)),
    );
    const message = new Uint8Array(octets);
    for (let number = 0; number < messages; number++) call.write(message);
    call.end();
  });
}

/** Says the next thing when the last has come back. */
function talk(turns: number): Promise<{ heard: number; code: number }> {
  const { path, requestSerialize, responseDeserialize } = methods.Talk;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata());
  return new Promise((resolve) => {
    let heard = 0;
    call.on("data", (message: Uint8Array) => {
      if (decoder.decode(message) !== `turn ${heard}`) call.cancel();
      else if (++heard < turns) call.write(encoder.encode(`turn ${heard}`));
      else call.end();
    });
    call.on("error", () => {});
    call.on("status", ({ code }: StatusObject) => resolve({ heard, code }));
    call.write(encoder.encode("turn 0"));
  });
}

async function sizes(octets: number): Promise<{ code: number; same: boolean }> {
  const message = new Uint8Array(octets);
  for (let at = 0; at < octets; at += 997) message[at] = at;
  const { code, message: answer } = await unary("Echo", message);
  return { code, same: answer !== undefined && Buffer.compare(answer, message) === 0 };
}

const cases: Record<string, () => Promise<unknown>> = {
  unary: async () => {
    const metadata = new Metadata();
    metadata.set("x-said", "hello");
    const { message, ...rest } = await unary("Echo", encoder.encode("message"), metadata);
    return { ...rest, message: decoder.decode(message) };
  },
  fail: () => unary("Fail", new Uint8Array(0)),
  serverStream: () => count(5000),
  clientStream: () => sum(500, 10_000),
  bidi: () => talk(200),
  deadline: async () => {
    const { code } = await unary("Never", new Uint8Array(0), new Metadata(), { deadline: Date.now() + 500 });
    return { code };
  },
  cancel: () => count(1_000_000_000, (number, cancel) => number === 100 && cancel()),
  cancelled: async () => Number(await text("Cancelled", "")),
  large: async () => [await sizes(0), await sizes(32 * 1024 * 1024)],
  concurrent: async () => {
    const calls = Array.from({ length: 100 }, async (_, number) => {
      switch (number % 4) {
        case 0:
          return await text("Echo", `call ${number}`) === `call ${number}`;
        case 1:
          return (await count(300)).messages === 300;
        case 2:
          return await sum(20, 20_000) === "400000";
        default:
          return (await talk(10)).heard === 10;
      }
    });
    return (await Promise.all(calls)).filter((good) => good).length;
  },
  killed: () => count(1_000_000_000, (number) => number === 100 && console.log("streaming")),
};

console.log(JSON.stringify(await cases[name!]!()));
client.close();
