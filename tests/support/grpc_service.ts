/** The gRPC service of the tests, without a schema: a message is octets. */

import type { MethodDefinition } from "@grpc/grpc-js";

type Octets = MethodDefinition<Uint8Array, Uint8Array>;

function method(name: string, requestStream: boolean, responseStream: boolean): Octets {
  const asBuffer = (octets: Uint8Array) => Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  return {
    path: `/tendril.test.Peer/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asBuffer,
    requestDeserialize: (octets) => octets,
    responseSerialize: asBuffer,
    responseDeserialize: (octets) => octets,
  };
}

/** Its methods, one of each type of call and some more. */
export const methods = {
  /** Gives the message back, with the metadata that came with it. */
  Echo: method("Echo", false, false),
  /** Fails with all that a status can have. */
  Fail: method("Fail", false, false),
  /** Never answers. */
  Never: method("Never", false, false),
  /** How many calls the client has cancelled, in decimal digits. */
  Cancelled: method("Cancelled", false, false),
  /** As many messages as the request says in decimal digits, each with its number. */
  Count: method("Count", false, true),
  /** The sum of the lengths of all messages, in decimal digits. */
  Sum: method("Sum", true, false),
  /** Gives each message back as it comes. */
  Talk: method("Talk", true, true),
};

/** Options for client and server that let messages be of any size. */
export const anySize = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
