/** A gRPC server as a process of its own: `grpc_server.ts PORT`; says `ready` once it listens. */

import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  status,
} from "@grpc/grpc-js";
import { anySize, methods } from "./grpc_service.ts";

const encoder = new TextEncoder();
let cancelled = 0;

const Echo: handleUnaryCall<Uint8Array, Uint8Array> = (call, reply) => {
  const initial = new Metadata();
  initial.set("x-heard", call.metadata.get("x-said")[0] ?? "nothing");
  call.sendMetadata(initial);
  const trailers = new Metadata();
  trailers.set("x-octets-bin", Buffer.from([0, 255, 10]));
  reply(null, call.request, trailers);
};

const Fail: handleUnaryCall<Uint8Array, Uint8Array> = (_call, reply) => {
  const metadata = new Metadata();
  metadata.set("x-why", "because");
  reply({ code: status.INVALID_ARGUMENT, details: "größer, 100 %", metadata });
};

const Never: handleUnaryCall<Uint8Array, Uint8Array> = (call) => {
  call.once("cancelled", () => cancelled++);
};

const Cancelled: handleUnaryCall<Uint8Array, Uint8Array> = (_call, reply) => {
  reply(null, encoder.encode(String(cancelled)));
};

const Count: handleServerStreamingCall<Uint8Array, Uint8Array> = async (call) => {
  const total = Number(new TextDecoder().decode(call.request));
  call.once("cancelled", () => cancelled++);
  for (let number = 0; number < total && !call.cancelled; number++) {
    if (!call.write(encoder.encode(String(number)))) await new Promise((resolve) => call.once("drain", resolve));
  }
  call.end();
};

const Sum: handleClientStreamingCall<Uint8Array, Uint8Array> = (call, reply) => {
  let octets = 0;
  call.on("data", (message: Uint8Array) => octets += message.length);
  call.on("end", () => reply(null, encoder.encode(String(octets))));
};

const Talk: handleBidiStreamingCall<Uint8Array, Uint8Array> = (call) => {
  call.on("data", (message: Uint8Array) => call.write(message));
  call.on("end", () => call.end());
};

const server = new Server(anySize);
server.addService(methods, { Echo, Fail, Never, Cancelled, Count, Sum, Talk });
server.bindAsync(`127.0.0.1:${Deno.args[0]}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
  console.log("ready");
});
