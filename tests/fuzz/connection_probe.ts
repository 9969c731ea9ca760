/**
 * A connection that takes whatever a peer says, answers as a busy router would, and writes down what it was told.
 * Chunks in, a transcript out; anything that breaks the engine's promises is thrown.
 */

import assert from "node:assert/strict";
import type { Attach } from "../../agent/amqp/codec/types.ts";
import { Connection } from "../../agent/amqp/connection.ts";
import type { IncomingDelivery } from "../../agent/amqp/incoming_delivery.ts";
import { ProtocolError } from "../../agent/amqp/protocol_error.ts";
import type { Receiver } from "../../agent/amqp/receiver.ts";
import type { Sender } from "../../agent/amqp/sender.ts";
import type { Link } from "../../agent/amqp/link_table.ts";
import type { Session } from "../../agent/amqp/session.ts";
import type { RecordedSide } from "./trace_seeds.ts";

/** What a connection did with its input. */
export interface Transcript {
  /** The condition it ended with, or how far it came. */
  readonly outcome: string;
  /** Everything it told its owner and sent to its peer. */
  readonly events: readonly string[];
}

const PAYLOAD = new Uint8Array(1500);
/** Messages sent on each link. */
const MESSAGES = 3;
const CREDIT = 20;
/** Links of our own on one connection. */
const MAX_OWN_LINKS = 12;

/** Plays the side that listens to `recorded.from`, and feeds it `chunks`. */
export function probe(recorded: RecordedSide, chunks: readonly Uint8Array[]): Transcript {
  return new Probe(recorded).run(chunks);
}

class Probe {
  readonly #recorded: RecordedSide;
  readonly #connection: Connection;
  readonly #events: string[] = [];
  readonly #held: IncomingDelivery[] = [];
  readonly #withOwnLinks = new Set<Session>();
  #closes = 0;
  #outcome = "";

  constructor(recorded: RecordedSide) {
    this.#recorded = recorded;
    this.#connection = new Connection({
      side: recorded.from === "client" ? "server" : "client",
      containerId: "probe",
      mechanisms: recorded.from === "client" ? ["ANONYMOUS", "EXTERNAL"] : ["ANONYMOUS"],
      saslOptional: true,
      maxFrameSize: 65_536,
      idleTimeoutMs: 8000,
      windowFrames: 32,
    }, {
      onOutput() {},
      onOpen: () => this.#opened(),
      onAttach: (link, attach) => this.#attached(link, attach),
      onClosed: (error) => {
        this.#closes++;
        this.#outcome = error instanceof ProtocolError ? error.condition : "closed";
        this.#note(`closed ${error instanceof ProtocolError ? error.message : error?.condition}`);
      },
    });
  }

  run(chunks: readonly Uint8Array[]): Transcript {
    const connection = this.#connection;
    connection.start();
    for (const chunk of chunks) connection.feed(chunk);
    // Only now is the output taken: what leaves when must not depend on the chunks.
    const wasOpen = connection.isOpen;
    this.#flush();
    for (const delivery of this.#held) delivery.release();
    this.#flush();
    connection.tick(0);
    connection.tick(20_000);
    connection.channelClosed();
    this.#flush();
    assert.equal(this.#closes, 1, "told of the end exactly once");
    return { outcome: wasOpen ? `open, ${kinds(this.#events)}` : this.#outcome, events: this.#events };
  }

  #flush(): void {
    for (let rounds = 0; rounds < 100 && this.#connection.output.length > 0; rounds++) {
      this.#note(`sent ${this.#connection.take().toHex()}`);
      this.#connection.drained();
    }
  }

  #opened(): void {
    this.#note("opened");
    if (this.#recorded.from !== "server") return;
    const channels = 1 + Math.max(-1, ...this.#recorded.wanted.map(({ channel }) => channel));
    for (let channel = 0; channel < Math.min(channels, 4); channel++) {
      this.#openLinks(this.#connection.beginSession("own"));
    }
  }

  /** Opens links by recorded names, so that the recorded answers, and damaged ones, find them. */
  #openLinks(session: Session): void {
    if (this.#withOwnLinks.has(session)) return;
    this.#withOwnLinks.add(session);
    const wanted = this.#recorded.wanted.filter(({ channel }) => channel === session.channel).slice(0, MAX_OWN_LINKS);
    for (const { attach: { name, role } } of wanted) {
      if (role === "sender") {
        const sender = session.attachSender({ name }, this.#sending(name, () => sender));
      } else {
        session.attachReceiver({ name }, this.#receiving(name)).keepCredit(CREDIT);
      }
    }
  }

  #attached(link: Link, attach: Attach): void {
    this.#note(`attached ${link.role} ${link.name}`);
    if (attach.handle % 5 === 4) link.refuse({ condition: "amqp:not-found" });
    else if (link.role === "sender") link.accept(this.#sending(link.name, () => link));
    else {
      link.accept(this.#receiving(link.name));
      link.keepCredit(CREDIT);
    }
    this.#openLinks(link.session);
  }

  #sending(name: string, sender: () => Sender) {
    let left = MESSAGES;
    return {
      onReady: () => {
        if (!sender().ready || left === 0) return;
        left--;
        sender().start(left === 0, {
          onDrain() {},
          onReceiverState: (state, settled) => this.#note(`state of ${name}: ${state?.kind} ${settled}`),
          onLost: () => this.#note(`lost on ${name}`),
        }).finish(PAYLOAD);
      },
      onDetached: (error: { condition: string } | undefined) => this.#note(`detached ${name} ${error?.condition}`),
    };
  }

  #receiving(name: string) {
    return {
      onDelivery: (delivery: IncomingDelivery) => this.#delivered(delivery),
      onDetached: (error: { condition: string } | undefined) => this.#note(`detached ${name} ${error?.condition}`),
    } satisfies Parameters<Receiver["accept"]>[0];
  }

  #delivered(delivery: IncomingDelivery): void {
    const label = `delivery ${delivery.receiver.name} ${delivery.id}`;
    let octets = 0;
    let sum = 0;
    if (delivery.id % 4 === 1) {
      delivery.hold();
      this.#held.push(delivery);
    }
    delivery.handler = {
      onData: (piece) => {
        octets += piece.length;
        for (const octet of piece) sum = Math.imul(sum ^ octet, 0x01000193) >>> 0;
      },
      onEnd: () => {
        this.#note(`${label} ends: ${octets} octets ${sum}`);
        delivery.update({ kind: "accepted" }, true);
      },
      onAbort: () => this.#note(`${label} aborted: ${octets} octets ${sum}`),
      onSenderState: (state, settled) => this.#note(`${label} sender says ${state?.kind} ${settled}`),
    };
  }

  #note(event: string): void {
    this.#events.push(event);
  }
}

/** Which kinds of events there were, and roughly how many. */
function kinds(events: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const event of events) {
    const kind = event.slice(0, event.indexOf(" "));
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${kind} ${Math.min(count, 8)}`).join(" ");
}
