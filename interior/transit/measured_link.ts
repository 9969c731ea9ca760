/** A link whose cost is measured: asks the neighbour as its meter wants, and tells what the meter makes of the answers. */

import type { Clock } from "../../agent/lib/clock.ts";
import { encodeSections } from "../../agent/amqp/codec/sections.ts";
import { Writer } from "../../agent/amqp/codec/writer.ts";
import type { ControlLink } from "./control_link.ts";
import { LinkMeter } from "./link_meter.ts";

/**
 * Nobody serves this address: the neighbour's core releases the message at once, so that the answer says how far away
 * the neighbour is, and not how busy its routing is.
 */
const PROBE_ADDRESS = "amqp:/_local/tendril.probe";

/** See the head of the file. */
export class MeasuredLink {
  /** Where the measurements go. */
  readonly meter: LinkMeter;
  readonly #control: ControlLink;
  readonly #clock: Clock;
  readonly #onCost: (cost: number) => void;
  #giveUp = () => {};

  /** `least` is the configured cost. `onCost` hears of every other one. */
  constructor(least: number, control: ControlLink, clock: Clock, onCost: (cost: number) => void) {
    this.meter = new LinkMeter(least);
    this.#control = control;
    this.#clock = clock;
    this.#onCost = onCost;
  }

  /** Lets time pass; to be called every second or so. */
  tick(): void {
    const { meter } = this;
    const { cost } = meter;
    if (meter.ask(this.#clock.now())) {
      this.#giveUp();
      let current = true;
      const giveUp = this.#control.probe(PROBE, () => {
        if (!current) return;
        const { cost } = meter;
        meter.answered(this.#clock.now());
        this.#tell(cost);
      });
      this.#giveUp = () => {
        current = false;
        giveUp?.();
      };
    }
    this.#tell(cost);
  }

  #tell(before: number): void {
    if (this.meter.cost !== before) this.#onCost(this.meter.cost);
  }
}

const PROBE = probe();

function probe(): Uint8Array {
  const writer = new Writer();
  encodeSections(writer, { properties: { to: PROBE_ADDRESS }, body: { kind: "value", value: null } });
  return writer.bytes().slice();
}
