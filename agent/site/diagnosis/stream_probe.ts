/**
 * Tries a service from end to end as a listener would: sends the beginning of a client stream to its routing key and
 * waits for the answering stream, which comes as soon as the far connector has its target. Nothing is said to the
 * target; it sees a connection that closes. In: a channel to a router as its client, a key. Out: resolves, or why not.
 */

import type { MessageHead } from "../../adaptor/action.ts";
import type { DeliveryState } from "../../amqp/codec/types.ts";
import { SYSTEM_CLOCK } from "../../lib/clock.ts";
import { TendrilError } from "../../lib/errors.ts";
import { encodeStreamHead } from "../../bridge/stream_head.ts";
import {
  IDLE_TIMEOUT_MS,
  MAX_FRAME_OCTETS,
  STREAMING_CAPABILITY,
  terminus,
  WINDOW_FRAMES,
} from "../../router/capabilities.ts";
import { ACCEPTED } from "../../router/flow.ts";
import { Peer } from "../../router/peer.ts";
import type { Channel } from "../../transport/channel.ts";

/** What every listener of TCP says (wire-protocol E.2). */
const TCP_HEAD: MessageHead = {
  contentType: "application/octet-stream",
  properties: [["V", { type: "uint", value: 1 }]],
};
/** Links of this connection need credit for one message each. */
const CREDIT = 1;

/** Throws CHECK_STREAM when the answer does not come within `timeoutMs`; leaves nothing behind. */
export function probeStream(channel: Channel, key: string, timeoutMs: number): Promise<void> {
  const options = {
    side: "client" as const,
    containerId: `check-${crypto.randomUUID()}`,
    mechanisms: ["ANONYMOUS" as const],
    maxFrameSize: MAX_FRAME_OCTETS,
    idleTimeoutMs: IDLE_TIMEOUT_MS,
    windowFrames: WINDOW_FRAMES,
  };
  return new Promise((resolve, reject) => {
    let outcome: TendrilError | "answered" | undefined;
    let begun = false;
    const finish = (how: TendrilError | "answered") => {
      // What follows is the end of the connection.
      outcome ??= how;
      peer.close();
    };
    const peer = new Peer(channel, options, false, SYSTEM_CLOCK, {
      onOpen: () => {
        const session = peer.connection.beginSession("check");
        const begin = () => {
          const replyTo = answers.remote?.source?.address;
          if (begun || !sender.ready || replyTo === undefined) return;
          begun = true;
          const stream = sender.start(false, {
            onDrain() {},
            onReceiverState: (state) => {
              const refusal = refusalOf(state);
              if (refusal !== undefined) finish(failed(key, refusal));
            },
            onLost() {},
          });
          stream.write(encodeStreamHead(key, replyTo, TCP_HEAD));
        };
        const answers = session.attachReceiver({ name: "answers", source: { dynamic: true } }, {
          onAttached: begin,
          onDelivery: (delivery) => {
            delivery.handler = { onData() {}, onEnd() {}, onAbort() {}, onSenderState() {} };
            delivery.update(ACCEPTED, true);
            finish("answered");
          },
        });
        answers.keepCredit(CREDIT);
        const target = terminus(undefined, STREAMING_CAPABILITY);
        const sender = session.attachSender({ name: "stream", target }, {
          onReady: begin,
          onDetached: (error) => finish(failed(key, error?.description ?? "can't be sent to")),
        });
      },
      onAttach: (link) => link.refuse({ condition: "amqp:not-allowed", description: "this is a check" }),
      onGone: () => {
        cancel();
        if (outcome === "answered") resolve();
        else reject(outcome ?? failed(key, "can't be asked: the connection to the router was lost"));
      },
    });
    const cancel = SYSTEM_CLOCK.after(timeoutMs, () => finish(failed(key, `has not answered within ${timeoutMs} ms`)));
    peer.start();
  });
}

/** Why the stream did not arrive; undefined for what is no outcome. */
function refusalOf(state: DeliveryState | undefined): string | undefined {
  switch (state?.kind) {
    case "released":
      return "gave the connection back: nobody has taken it, or the target can't be reached";
    case "modified":
      return "has not taken the connection: the target can't be reached, or the way there was lost";
    case "rejected":
      return `refuses the connection: ${state.error?.description ?? state.error?.condition ?? "no reason given"}`;
    default:
      return undefined;
  }
}

function failed(key: string, what: string): TendrilError {
  return new TendrilError("CHECK_STREAM", `whoever serves ${key} ${what}`, {
    hint: "Run `tendril debug check` at the site that serves the key: it tries the target of its Connector.",
  });
}
