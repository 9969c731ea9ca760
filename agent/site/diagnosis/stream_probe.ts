/**
 * Tries a service from end to end as a listener would: sends the beginning of a client stream to its routing key and
 * waits for the answering stream, which comes as soon as the far connector has its target. Nothing is said to the
 * target; it sees a connection that closes. In: a channel to a router as its client, a key. Out: resolves, or why not.
 */

import type { MessageHead } from "../../adaptor/action.ts";
import type { DeliveryState } from "../../amqp/codec/types.ts";
import type { OutgoingDelivery } from "../../amqp/outgoing_delivery.ts";
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
/** Time a target has to close its connection after we have, in ms; one that does not finds it broken off. */
const PARTING_MS = 1000;

/**
 * Throws CHECK_STREAM when the answer does not come within `timeoutMs`, CHECK_PROTOCOL when what serves the key does
 * not know what to do with a connection; leaves nothing behind.
 */
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
    let stream: OutgoingDelivery | undefined;
    const finish = (failure: TendrilError) => {
      // What follows is the end of the connection.
      outcome ??= failure;
      peer.close();
    };
    // Both directions end in order where the target lets them: whoever serves the key sees no failure.
    const part = () => {
      outcome ??= "answered";
      stream?.end();
      cancel();
      cancel = SYSTEM_CLOCK.after(PARTING_MS, () => peer.close());
    };
    const peer = new Peer(channel, options, false, SYSTEM_CLOCK, {
      onOpen: () => {
        const session = peer.connection.beginSession("check");
        const begin = () => {
          const replyTo = answers.remote?.source?.address;
          if (stream !== undefined || !sender.ready || replyTo === undefined) return;
          stream = sender.start(false, {
            onDrain() {},
            onReceiverState: (state) => {
              const refusal = refusalOf(key, state);
              if (refusal !== undefined) finish(refusal);
            },
            onLost() {},
          });
          stream.write(encodeStreamHead(key, replyTo, TCP_HEAD));
        };
        const answers = session.attachReceiver({ name: "answers", source: { dynamic: true } }, {
          onAttached: begin,
          onDelivery: (delivery) => {
            const onEnd = () => {
              delivery.update(ACCEPTED, true);
              peer.close();
            };
            delivery.handler = { onData() {}, onEnd, onAbort: () => peer.close(), onSenderState() {} };
            part();
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
    let cancel = SYSTEM_CLOCK.after(timeoutMs, () => finish(failed(key, `has not answered within ${timeoutMs} ms`)));
    peer.start();
  });
}

/** Why the stream did not arrive; undefined for what is no outcome. */
function refusalOf(key: string, state: DeliveryState | undefined): TendrilError | undefined {
  switch (state?.kind) {
    case "released":
      return failed(key, "gave the connection back: nobody has taken it, or the target can't be reached");
    case "modified":
      return failed(key, "has not taken the connection: the target can't be reached, or the way there was lost");
    case "rejected":
      // Adaptors say so of a stream that is not in their protocol (wire-protocol E.3).
      if (state.error?.condition === INVALID_FIELD) return misunderstood(key, state.error.description);
      return failed(
        key,
        `refuses the connection: ${state.error?.description ?? state.error?.condition ?? UNEXPLAINED}`,
      );
    default:
      return undefined;
  }
}

const INVALID_FIELD = "amqp:invalid-field";
const UNEXPLAINED = "no reason given";

function failed(key: string, what: string): TendrilError {
  return new TendrilError("CHECK_STREAM", `whoever serves ${key} ${what}`, {
    hint: "Run `tendril debug check` at the site that serves the key: it tries the target of its Connector.",
  });
}

function misunderstood(key: string, why = UNEXPLAINED): TendrilError {
  return new TendrilError("CHECK_PROTOCOL", `whoever serves ${key} takes no TCP connection: ${why}`, {
    hint: "Give the Listeners and Connectors of the key the same type.",
  });
}
