/** Two AMQP connections joined back to back without time or sockets: bytes move when the test says so. */

import { Connection } from "../../agent/amqp/connection.ts";
import type { ConnectionOptions } from "../../agent/amqp/connection_options.ts";
import type { AmqpError, Attach, Open } from "../../agent/amqp/codec/types.ts";
import type { ProtocolError } from "../../agent/amqp/protocol_error.ts";
import type { Link } from "../../agent/amqp/link_table.ts";

/** One side of the pair, with everything its handler was told. */
export interface Side {
  readonly connection: Connection;
  readonly opens: Open[];
  readonly closes: (ProtocolError | AmqpError | undefined)[];
  /** Called for links that the other side opens. */
  onAttach: (link: Link, attach: Attach) => void;
}

/** Both sides, and how to let bytes flow. */
export interface EnginePair {
  readonly client: Side;
  readonly server: Side;
  /** Moves bytes both ways, in chunks of at most `chunkOctets`, until nothing is left. */
  flow(chunkOctets?: number): void;
}

const DEFAULTS: Pick<
  ConnectionOptions,
  "containerId" | "mechanisms" | "maxFrameSize" | "idleTimeoutMs" | "windowFrames"
> = {
  containerId: "test",
  mechanisms: ["ANONYMOUS"],
  maxFrameSize: 4096,
  idleTimeoutMs: 8000,
  windowFrames: 16,
};

/** A connected but not yet opened pair. */
export function enginePair(
  clientOptions: Partial<ConnectionOptions> = {},
  serverOptions: Partial<ConnectionOptions> = {},
): EnginePair {
  const client = side({ ...DEFAULTS, side: "client", ...clientOptions });
  const server = side({ ...DEFAULTS, side: "server", ...serverOptions });
  client.connection.start();
  server.connection.start();
  const flow = (chunkOctets = Infinity) => {
    let moved = true;
    while (moved) {
      moved = move(client.connection, server.connection, chunkOctets) ||
        move(server.connection, client.connection, chunkOctets);
    }
  };
  return { client, server, flow };
}

/** An opened pair. */
export function openPair(
  clientOptions: Partial<ConnectionOptions> = {},
  serverOptions: Partial<ConnectionOptions> = {},
): EnginePair {
  const pair = enginePair(clientOptions, serverOptions);
  pair.flow();
  return pair;
}

function side(options: ConnectionOptions): Side {
  const opens: Open[] = [];
  const closes: (ProtocolError | AmqpError | undefined)[] = [];
  const result = {
    opens,
    closes,
    onAttach: (link: Link) => link.refuse({ condition: "amqp:not-found" }),
    connection: undefined as unknown as Connection,
  };
  result.connection = new Connection(options, {
    onOutput() {},
    onOpen: (open) => opens.push(open),
    onAttach: (link) => result.onAttach(link),
    onClosed: (error) => closes.push(error),
  });
  return result as Side;
}

function move(from: Connection, to: Connection, chunkOctets: number): boolean {
  if (from.output.length === 0) from.drained();
  const bytes = from.take().slice();
  for (let at = 0; at < bytes.length; at += chunkOctets) {
    to.feed(bytes.slice(at, Math.min(bytes.length, at + chunkOctets)));
  }
  return bytes.length > 0;
}
