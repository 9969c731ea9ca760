/** The server's side of a connection, for an adaptor with one message each way: where its stream goes. */

import type { MessageHead } from "../adaptor/action.ts";
import type { Downstream, Upstream } from "../router/flow.ts";
import type { PatientRoutes } from "../router/patient_stream.ts";
import type { Logger } from "../telemetry/log.ts";
import type { BridgeHooks } from "./bridged_connection.ts";
import { streamMessage } from "./outbound_stream.ts";
import { encodeStreamHead } from "./stream_head.ts";
import type { Traffic } from "./traffic.ts";

/** See the head of the file. */
export class Target implements BridgeHooks {
  readonly logger: Logger;
  readonly traffic: Traffic;
  /** See {@link BridgeHooks}. */
  readonly onClosed: (failure: string | undefined) => void;
  readonly #routes: PatientRoutes;

  /** Answers go by `routes`; `onClosed` hears once that the connection is over, and why if it failed. */
  constructor(
    routes: PatientRoutes,
    logger: Logger,
    traffic: Traffic,
    onClosed: (failure: string | undefined) => void,
  ) {
    this.traffic = traffic;
    this.#routes = routes;
    this.logger = logger;
    this.onClosed = onClosed;
  }

  /** See {@link BridgeHooks}. */
  openStream(head: MessageHead, replyTo: string | undefined, upstream: Upstream): Downstream | undefined {
    if (replyTo === undefined) return undefined;
    return this.#routes.send(streamMessage(replyTo, encodeStreamHead(replyTo, undefined, head)), upstream);
  }
}
