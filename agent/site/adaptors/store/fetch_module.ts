/**
 * A module out of a plugin store, in pieces as they come, over the links that the site has: no other way out is needed. What
 * the pieces are is not looked at: whoever has the pin does that.
 */

import type { AmqpValue, DeliveryState } from "../../../amqp/codec/types.ts";
import { ByteQueue } from "../../../lib/byte_queue.ts";
import { TendrilError } from "../../../lib/errors.ts";
import { decodeAnswer, encodeRequest } from "../../../management/message.ts";
import { asInteger, entry, int } from "../../../management/values.ts";
import { localAddress } from "../../../router/address.ts";
import { NO_ANNOTATIONS } from "../../../router/annotations.ts";
import { ACCEPTED, type Downstream, type Message, type Upstream } from "../../../router/flow.ts";
import type { Router } from "../../../router/router.ts";
import { DOWNLOAD_TIMES, type DownloadTimes } from "../../../transport/download.ts";
import { CHUNK_OCTETS, FETCH, moduleAddress } from "./plugin_store.ts";

/** Octets of an answer besides the piece in it. */
const ANSWER_OCTETS = 4096;
/** Priority of a message that names none. */
const PRIORITY = 4;

/** A piece of a module, and how long the whole of it is. */
interface Piece {
  readonly octets: Uint8Array;
  readonly size: number;
}

/** Fetches the module with `digest`. Throws VAN_MISSING, VAN_REFUSED, or VAN_STALLED. */
export async function* fetchModule(
  router: Router,
  digest: string,
  signal: AbortSignal,
  times: DownloadTimes = DOWNLOAD_TIMES,
): AsyncGenerator<Uint8Array> {
  const deadline = performance.now() + times.totalMs;
  let size = 0;
  let at = 0;
  do {
    const left = Math.min(times.stallMs, deadline - performance.now());
    if (left <= 0) throw stalled(digest, times.totalMs);
    const piece = await new Question(router, digest, at, left, signal).answer;
    if (at > 0 && piece.size !== size) {
      throw refused(digest, "stores of the network have different modules by that name");
    }
    if (piece.octets.length === 0 && at < piece.size) throw refused(digest, "the store gave nothing");
    size = piece.size;
    at += piece.octets.length;
    yield piece.octets;
  } while (at < size);
}

/** One question to whichever store has the module, and its answer. */
class Question implements Upstream {
  readonly answer: Promise<Piece>;
  readonly #digest: string;
  readonly #settle = Promise.withResolvers<Piece>();

  constructor(router: Router, digest: string, offset: number, limitMs: number, signal: AbortSignal) {
    this.#digest = digest;
    const reply = router.replies.add({ deliver: (message, upstream) => this.#take(message, upstream) });
    const cancel = router.clock.after(limitMs, () => this.#settle.reject(stalled(digest, limitMs)));
    const giveUp = () => this.#settle.reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    this.answer = this.#settle.promise.finally(() => {
      cancel();
      reply.remove();
      signal.removeEventListener("abort", giveUp);
    });
    const address = moduleAddress(digest);
    const request = { properties: [["operation", FETCH], ["offset", int(offset)]] as const, body: null };
    const message: Message = {
      address,
      annotations: NO_ANNOTATIONS,
      start: encodeRequest(request, address, {
        replyTo: localAddress(reply.name, router.identity),
        correlationId: { type: "ulong", value: BigInt(offset) },
      }),
      complete: true,
      presettled: false,
      overridden: false,
      priority: PRIORITY,
      origin: undefined,
    };
    const downstream = router.route(message, this);
    if (downstream === undefined) this.#settle.reject(missing(digest));
    else downstream.end();
  }

  /** See {@link Upstream}. */
  drained(): void {}

  /** See {@link Upstream}. */
  consumerState(state: DeliveryState | undefined): void {
    if (state?.kind === "released" || state?.kind === "modified") this.#settle.reject(missing(this.#digest));
    if (state?.kind === "rejected") {
      this.#settle.reject(refused(this.#digest, state.error?.description ?? "it was rejected"));
    }
  }

  #take({ start }: Message, upstream: Upstream): Downstream {
    const bytes = new ByteQueue();
    bytes.push(start);
    let over = false;
    const finish = (complete: boolean) => {
      if (over) return;
      over = true;
      upstream.consumerState(ACCEPTED, true);
      this.#answered(complete ? bytes.takeAll() : new Uint8Array(0));
    };
    return {
      pending: 0,
      write(piece) {
        if (over) return;
        bytes.push(piece);
        if (bytes.size > CHUNK_OCTETS + ANSWER_OCTETS) finish(false);
      },
      end: () => finish(true),
      abort: () => finish(false),
      producerSettled() {},
    };
  }

  #answered(bytes: Uint8Array): void {
    const answer = decodeAnswer(bytes);
    const body = answer?.body ?? null;
    if (answer !== undefined && answer.status === 404) return this.#settle.reject(missing(this.#digest));
    if (answer !== undefined && answer.status >= 300) {
      return this.#settle.reject(refused(this.#digest, answer.description));
    }
    const octets = isTyped(body, "map") ? entry(body.value, "octets") ?? null : null;
    const size = isTyped(body, "map") ? asInteger(entry(body.value, "size")) : undefined;
    if (!isTyped(octets, "binary") || size === undefined || octets.value.length > CHUNK_OCTETS) {
      return this.#settle.reject(refused(this.#digest, "the answer can't be read"));
    }
    this.#settle.resolve({ octets: octets.value.slice(), size });
  }
}

function isTyped<T extends "map" | "binary">(value: AmqpValue, type: T): value is Extract<AmqpValue, { type: T }> {
  return typeof value === "object" && value !== null && "type" in value && value.type === type;
}

function missing(digest: string): TendrilError {
  return new TendrilError("VAN_MISSING", `no plugin store that can be reached has ${digest}`, {
    hint: "Store it with `tendril adaptor push` at an interior, and see whether the Link is connected.",
  });
}

function refused(digest: string, why: string): TendrilError {
  return new TendrilError("VAN_REFUSED", `${digest} can't be had of the network: ${why}`, {
    hint: "Ask whoever runs the interior; docs/policy.md says what a Policy may have to allow.",
  });
}

function stalled(digest: string, ms: number): TendrilError {
  return new TendrilError("VAN_STALLED", `the plugin store did not give ${digest} within ${Math.round(ms)} ms`, {
    hint: "It is tried again; see whether the Link is connected and not overloaded.",
  });
}
