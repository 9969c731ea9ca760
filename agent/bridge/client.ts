/** One client of a listener, for an adaptor with one message each way: its connection, and where its answer goes. */

import type { AdaptorModule, MessageHead } from "../adaptor/action.ts";
import { localAddress } from "../router/address.ts";
import { DISCARD, type Downstream, type Message, RELEASED, type Upstream } from "../router/flow.ts";
import type { PatientRoutes } from "../router/patient_stream.ts";
import type { ReplyAddress, ReplyTaker } from "../router/reply_addresses.ts";
import type { Router } from "../router/router.ts";
import type { Logger } from "../telemetry/log.ts";
import { BridgedConnection, type BridgeHooks } from "./bridged_connection.ts";
import type { LocalSocket } from "./local_socket.ts";
import { streamMessage } from "./outbound_stream.ts";
import { clientOf } from "./proxy_protocol.ts";
import { encodeStreamHead } from "./stream_head.ts";
import type { Traffic } from "./traffic.ts";

/** Stream number of the answer, fixed by the adaptor ABI. */
const SERVER_STREAM = 2;

/** See the head of the file. */
export class Client implements BridgeHooks, ReplyTaker {
  readonly logger: Logger;
  readonly traffic: Traffic;
  readonly #routes: PatientRoutes;
  readonly #routingKey: string;
  readonly #onClosed: (failure: string | undefined) => void;
  readonly #reply: ReplyAddress;
  readonly #replyTo: string;
  #connection: BridgedConnection | undefined;
  /** Who it is, for the target. */
  #address: string | undefined;
  #answered = false;

  /** Its stream goes to `routingKey` by `routes`; `onClosed` hears once that it is over, and why if it failed. */
  constructor(
    router: Router,
    routes: PatientRoutes,
    routingKey: string,
    logger: Logger,
    traffic: Traffic,
    onClosed: (failure: string | undefined) => void,
  ) {
    this.logger = logger;
    this.traffic = traffic;
    this.#routes = routes;
    this.#routingKey = routingKey;
    this.#onClosed = onClosed;
    this.#reply = router.replies.add(this);
    this.#replyTo = localAddress(this.#reply.name, router.identity);
  }

  /** Joins `conn`, which is the client's, with a new instance of `adaptor`; open the result next. */
  join(conn: LocalSocket, adaptor: AdaptorModule): BridgedConnection {
    this.#address = clientOf(conn);
    return this.#connection = new BridgedConnection(conn, adaptor, this);
  }

  /** See {@link BridgeHooks}. */
  openStream(head: MessageHead, _replyTo: string | undefined, upstream: Upstream): Downstream | undefined {
    const start = encodeStreamHead(this.#routingKey, this.#replyTo, head, this.#address);
    return this.#routes.send(streamMessage(this.#routingKey, start), upstream);
  }

  /** See {@link BridgeHooks}. */
  onClosed(failure: string | undefined): void {
    this.#reply.remove();
    this.#onClosed(failure);
  }

  /** See {@link ReplyTaker}. */
  deliver(message: Message, upstream: Upstream): Downstream {
    if (this.#answered || this.#connection === undefined) {
      queueMicrotask(() => upstream.consumerState(RELEASED, true));
      return DISCARD;
    }
    this.#answered = true;
    return this.#connection.accept(SERVER_STREAM, message, upstream);
  }
}
