/**
 * What has passed a link so far, as real routers count it (wire-protocol G.4). One number is added to for each delivery
 * at its begin and one at its end, and none for a frame.
 */

import type { DeliveryState } from "./codec/types.ts";

/** Age at which a delivery counts as delayed, in seconds. */
const DELAYED = 1;
/** Age at which it counts as long delayed, and while it has no outcome as stuck, in seconds. */
export const LONG_DELAYED = 10;

/** See the head of the file. */
export class LinkCounts {
  /** Deliveries: those that have begun to arrive, or have left completely. */
  deliveries = 0;
  /** Those of which no outcome was wanted. */
  presettled = 0;
  /** Those of them that nobody took. */
  droppedPresettled = 0;
  /** By their outcome. */
  accepted = 0;
  /** By their outcome. */
  rejected = 0;
  /** By their outcome. */
  released = 0;
  /** By their outcome. */
  modified = 0;
  /** Messages whose outcome took between 1 and 10 s; of streams it says nothing that they are long. */
  delayed = 0;
  /** Messages whose outcome took longer. */
  longDelayed = 0;

  /** A delivery is over, with `outcome` if there was one, `seconds` after it began; `streaming` if it is a stream. */
  settle(outcome: DeliveryState | undefined, seconds: number, streaming: boolean): void {
    switch (outcome?.kind) {
      case "accepted":
        this.accepted++;
        break;
      case "rejected":
        this.rejected++;
        break;
      case "released":
        this.released++;
        break;
      case "modified":
        this.modified++;
    }
    if (seconds <= DELAYED || streaming) return;
    if (seconds > LONG_DELAYED) this.longDelayed++;
    else this.delayed++;
  }

  /** Deliveries that somebody took or refused: what the rate of a link is about. */
  get handled(): number {
    return this.presettled + this.accepted + this.rejected;
  }

  /** Adds what `other` has counted. */
  add(other: LinkCounts): void {
    this.deliveries += other.deliveries;
    this.presettled += other.presettled;
    this.droppedPresettled += other.droppedPresettled;
    this.accepted += other.accepted;
    this.rejected += other.rejected;
    this.released += other.released;
    this.modified += other.modified;
    this.delayed += other.delayed;
    this.longDelayed += other.longDelayed;
  }
}
