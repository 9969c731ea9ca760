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

/** Largest request, in octets. */
export const MAX_REQUEST_OCTETS = 64 * 1024;
/** Octets of answers that wait for whoever asked; while there are more, nobody is answered. */
export const MAX_WAITING_OCTETS = 64 * 1024 * 1024;
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
  /** Answers on their way out. */
  #answers: Downstream[] = [];
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
    const peer = origin?.connection;
    const asker = peer instanceof Peer ? peer : undefined;
    return new IncomingRequest(start, upstream, (bytes, complete) => this.#take(asker, bytes, complete));
  }

  /** Why the request of which `bytes` have come over the connection `asker` is not taken; undefined when it is answered. */
  #take(asker: Peer | undefined, bytes: Uint8Array, complete: boolean): Refused | undefined {
    this.#answers = this.#answers.filter(({ pending }) => pending > 0);
    if (this.#answers.reduce((sum, { pending }) => sum + pending, 0) > MAX_WAITING_OCTETS) {
      return { condition: "amqp:resource-limit-exceeded", description: "too many answers wait to be fetched" };
    }
    if (!complete) {
      const address = peekReturnAddress(bytes);
      if (address !== undefined) {
        this.#send(refusal(400, `A request has at most ${MAX_REQUEST_OCTETS} octets`), address);
      }
      return { condition: "amqp:link:message-size-exceeded", description: "the request is too large" };
    }
    const request = decodeRequest(bytes);
    if (request === undefined) {
      return { condition: "amqp:decode-error", description: "no management request with a reply-to" };
    }
    if (isChange(request)) return this.#change(request, this.#objection(asker));
    // The log names peers and their certificates: it is for those who may do more than look.
    const here = isProgramHere(asker) || (isLogRequest(request) && this.#objection(asker) === undefined);
    this.#send(answer(here ? this.#toldHere : this.#managed, request), request);
    return undefined;
  }

  /** Why who is connected by `asker` may not change this router: programs of this machine's user always may. */
  #objection(asker: Peer | undefined): string | undefined {
    if (isProgramHere(asker)) return undefined;
    const entry = asker === undefined ? undefined : this.#router.peers.get(asker);
    if (entry?.role !== "normal") return "only a client that is connected to this router itself may change it";
    return entry.guard === undefined ? undefined : entry.guard.manages();
  }

  #change(request: Request & ReturnAddress, objection: string | undefined): Refused | undefined {
    if (objection !== undefined) {
      this.#send(refusal(403, `Forbidden: ${objection}`), request);
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
      this.#send(told, request);
    });
    return undefined;
  }

  #send(answer: Answer, to: ReturnAddress): void {
    const downstream = sendAnswer(this.#router, answer, to);
    if (downstream !== undefined) this.#answers.push(downstream);
  }
}

function isProgramHere(asker: Peer | undefined): boolean {
  return asker?.channel.peer.address === LOCAL_PROGRAM;
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
