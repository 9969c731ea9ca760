/**
 * `$management`: a consumer of the router itself. Collects a request, has it answered, and sends the answer to where it
 * is wanted. It is reached from anywhere as `_topo/0/<router>/$management` or `_edge/<edge>/$management`.
 */

import { ByteQueue } from "../lib/byte_queue.ts";
import { LOCAL_PROGRAM } from "../lib/endpoint.ts";
import { messageOf } from "../lib/errors.ts";
import { MANAGEMENT_KEY } from "../router/address.ts";
import { ACCEPTED, type Consumer, type Downstream, type Message, type Upstream } from "../router/flow.ts";
import { Peer } from "../router/peer.ts";
import type { Router } from "../router/router.ts";
import { answer, isLogRequest, refusal } from "./answer.ts";
import { change, isChange } from "./change.ts";
import type { ManagedRouter } from "./managed_router.ts";
import { type Answer, decodeRequest, peekReturnAddress, type Request, type ReturnAddress } from "./message.ts";
import { sendAnswer } from "./send_answer.ts";
import { type Asker, WaitingAnswers } from "./waiting_answers.ts";

/** Largest request, in octets. */
export const MAX_REQUEST_OCTETS = 64 * 1024;
/** Changes that may wait for their turn. */
export const MAX_WAITING_CHANGES = 64;

/** See the head of the file. */
export class ManagementNode implements Consumer {
  readonly origin: undefined = undefined;
  readonly cost = 0;
  readonly remote = false;
  outstanding = 0;
  readonly #router: Router;
  readonly #managed: ManagedRouter;
  readonly #toldHere: ManagedRouter;
  readonly #waiting = new WaitingAnswers();
  /** One change after the other. */
  #changing: Promise<void> = Promise.resolve();
  #waitingChanges = 0;

  /** `managed` is what is told of `router`, and `toldHere` what programs of this machine are told by a local socket. */
  constructor(router: Router, managed: ManagedRouter, toldHere: ManagedRouter = managed) {
    this.#router = router;
    this.#managed = managed;
    this.#toldHere = toldHere;
  }

  /** Answers until the result is called. */
  start(): () => void {
    return this.#router.addresses.add(MANAGEMENT_KEY, this);
  }

  /** See {@link Consumer}. */
  deliver({ start, origin }: Message, upstream: Upstream): Downstream {
    const connection = origin?.connection;
    const peer = connection instanceof Peer ? connection : undefined;
    return new IncomingRequest(start, upstream, (bytes, complete) => this.#take(peer, bytes, complete));
  }

  /** Why the request of which `bytes` have come over the connection `peer` is not taken; undefined when it is answered. */
  #take(peer: Peer | undefined, bytes: Uint8Array, complete: boolean): Refused | undefined {
    const request = complete ? decodeRequest(bytes) : undefined;
    const address = complete ? request : peekReturnAddress(bytes);
    const to = address === undefined ? undefined : this.#recipient(peer, address);
    if (to !== undefined && this.#waiting.isFull(to.asker)) {
      return { condition: "amqp:resource-limit-exceeded", description: "too many answers wait to be fetched" };
    }
    if (!complete) {
      if (to !== undefined) this.#send(refusal(400, `A request has at most ${MAX_REQUEST_OCTETS} octets`), to);
      return { condition: "amqp:link:message-size-exceeded", description: "the request is too large" };
    }
    if (request === undefined || to === undefined) {
      return { condition: "amqp:decode-error", description: "no management request with a reply-to" };
    }
    if (isChange(request)) return this.#change(request, to, this.#objection(peer));
    // The log names peers and their certificates: it is for those who may do more than look.
    const here = isProgramHere(peer) || (isLogRequest(request) && this.#objection(peer) === undefined);
    this.#send(answer(here ? this.#toldHere : this.#managed, request), to);
    return undefined;
  }

  /** Who gets the answer to a request that came over `peer`. */
  #recipient(peer: Peer | undefined, address: ReturnAddress): Recipient {
    const entry = peer === undefined ? undefined : this.#router.peers.get(peer);
    // Over a link to other routers anybody may ask: there, only the address for the answer tells one from another.
    const attached = entry?.role === "normal" || (entry?.role === "edge" && entry.direction === "in");
    return { address, asker: { id: attached ? entry.peer : address.replyTo, here: isProgramHere(peer) } };
  }

  /** Why who is connected by `peer` may not change this router: programs of this machine's user always may. */
  #objection(peer: Peer | undefined): string | undefined {
    if (isProgramHere(peer)) return undefined;
    const entry = peer === undefined ? undefined : this.#router.peers.get(peer);
    if (entry?.role !== "normal") return "only a client that is connected to this router itself may change it";
    return entry.guard === undefined ? undefined : entry.guard.manages();
  }

  #change(request: Request, to: Recipient, objection: string | undefined): Refused | undefined {
    if (objection !== undefined) {
      this.#send(refusal(403, `Forbidden: ${objection}`), to);
      return undefined;
    }
    if (this.#waitingChanges >= MAX_WAITING_CHANGES) {
      return { condition: "amqp:resource-limit-exceeded", description: "too many changes wait for their turn" };
    }
    this.#waitingChanges++;
    this.#changing = this.#changing.then(async () => {
      const told = await change(this.#toldHere.configuration, request)
        .catch((error) => refusal(500, messageOf(error)));
      this.#waitingChanges--;
      this.#send(told, to);
    });
    return undefined;
  }

  #send(answer: Answer, { asker, address }: Recipient): void {
    const downstream = sendAnswer(this.#router, answer, address);
    if (downstream !== undefined) this.#waiting.add(asker, downstream);
  }
}

function isProgramHere(peer: Peer | undefined): boolean {
  return peer?.channel.peer.address === LOCAL_PROGRAM;
}

/** Who gets an answer, and where. */
interface Recipient {
  readonly address: ReturnAddress;
  readonly asker: Asker;
}

/** Why a request was not taken, as an AMQP error. */
interface Refused {
  readonly condition: string;
  readonly description: string;
}

/** A request as it comes in; its producer gets one outcome. */
class IncomingRequest implements Downstream {
  readonly pending = 0;
  readonly #upstream: Upstream;
  readonly #take: (bytes: Uint8Array, complete: boolean) => Refused | undefined;
  readonly #bytes = new ByteQueue();
  #over = false;

  constructor(
    start: Uint8Array,
    upstream: Upstream,
    take: (bytes: Uint8Array, complete: boolean) => Refused | undefined,
  ) {
    this.#upstream = upstream;
    this.#take = take;
    this.#bytes.push(start);
  }

  write(piece: Uint8Array): void {
    if (this.#over) return;
    this.#bytes.push(piece);
    if (this.#bytes.size > MAX_REQUEST_OCTETS) this.#finish(false);
  }

  end(): void {
    if (!this.#over) this.#finish(this.#bytes.size <= MAX_REQUEST_OCTETS);
  }

  abort(): void {
    this.#over = true;
    this.#bytes.clear();
  }

  producerSettled(): void {}

  #finish(complete: boolean): void {
    this.#over = true;
    const error = this.#take(this.#bytes.takeAll(), complete);
    this.#upstream.consumerState(error === undefined ? ACCEPTED : { kind: "rejected", error }, true);
  }
}
