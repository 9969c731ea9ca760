/**
 * What all instances of a plugin may spend over time. The limit for one input keeps it from running for ever; many inputs
 * that each take nearly as long would still keep others from running.
 *
 * An input may cost so much, and so much more for each of its octets: whatever reads its input once stays below that and is
 * not counted. Octets whose reading has cost less may be read later, with those that they belong to.
 *
 * What costs more draws on an account, which fills again with time; when that is used up, inputs get no more than they may
 * cost anyway, and one that needs more has run for too long.
 */

/** Instructions that `_initialize` may execute: it is run for every connection. */
export const INITIAL_FUEL = 1_000_000;
/** Instructions that any input may cost, some 0.3 ms. The contract of adaptors bounds them so, too. */
export const FREE_FUEL = 500_000;
/** Instructions that it may cost beyond that for each octet. */
export const FREE_FUEL_PER_OCTET = 2000;
/** Octets of earlier inputs of an instance that may still be read: as much as it gathers, such as the head of a message. */
export const SAVED_OCTETS = 65_536;
/** Inputs of the highest cost that the account can pay when it is full; as long again as that many seconds it takes to fill. */
export const SAVED_INPUTS = 5;

/** See the head of the file. */
export class FuelAccount {
  readonly #perInput: number;
  readonly #now: () => number;
  #balance: number;
  #filledAt: number;

  /**
   * Of a plugin that may execute `perInput` instructions for one input, and so many a second in the long run; `now` is a clock
   * in ms that never goes back.
   */
  constructor(perInput: number, now: () => number) {
    this.#perInput = perInput;
    this.#now = now;
    this.#balance = perInput * SAVED_INPUTS;
    this.#filledAt = now();
  }

  /** Instructions that the next input, of so many octets, may execute. */
  grant(octets: number): number {
    // Nearly always there is enough, and nobody has to look at the clock.
    if (this.#balance < this.#perInput) this.#fill();
    return Math.min(this.#perInput, free(octets) + this.#balance);
  }

  /** An input of so many octets has executed so many instructions. Returns how many octets may still be read. */
  spent(instructions: number, octets: number): number {
    const left = free(octets) - instructions;
    if (left >= 0) return Math.min(SAVED_OCTETS, octets, Math.floor(left / FREE_FUEL_PER_OCTET));
    this.#fill();
    this.#balance = Math.max(0, this.#balance + left);
    return 0;
  }

  #fill(): void {
    const now = this.#now();
    const gained = Math.floor((now - this.#filledAt) / 1000 * this.#perInput);
    this.#balance = Math.min(this.#perInput * SAVED_INPUTS, this.#balance + gained);
    this.#filledAt = now;
  }
}

function free(octets: number): number {
  return FREE_FUEL + octets * FREE_FUEL_PER_OCTET;
}
