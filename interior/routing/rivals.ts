/**
 * Two routers with one id next door. Routers in C take both in, by turns, and nobody reaches either for long. Here the
 * one that was there first stays: another one that introduces itself by its id is held off, and turned away once the
 * first has spoken twice meanwhile. A router that was restarted is let in as soon as the connection of its last life is
 * gone, or has been silent for a moment; what comes of that life later is what comes from a rival.
 */

/** How long a router must be silent before another one may have its id, in ms: two HELLOs. */
export const RIVAL_SILENCE_MS = 2000;
/** How often a router speaks beside one that came later until that one is turned away. */
const CONTRADICTIONS = 2;

/** A control link by which a router has introduced itself. */
interface Claim {
  readonly link: number;
  /** Tells one life of the router from the next, and from other routers. */
  readonly instance: number;
  heardAt: number;
  /** How often who was there first has spoken since. */
  contradicted: number;
}

/** See the head of the file. */
export class Rivals {
  /** By router id. */
  readonly #claims = new Map<string, Claim[]>();
  readonly #heldOff = new Set<number>();

  /** True while what comes over control link `link` is not to be believed. */
  isHeldOff(link: number): boolean {
    return this.#heldOff.has(link);
  }

  /** Router `id` introduces itself over control link `link`. Returns the links of those who are to be turned away. */
  hello(id: string, instance: number, link: number, now: number): number[] {
    const claims = this.#claim(id, instance, link, now);
    const first = claims.findIndex((claim) => claim.instance === instance);
    const turnedAway: number[] = [];
    let heldOff = false;
    for (const [at, other] of claims.entries()) {
      if (other.instance === instance) continue;
      if (at > first) {
        if (++other.contradicted >= CONTRADICTIONS) turnedAway.push(other.link);
      } else if (now - other.heardAt < RIVAL_SILENCE_MS) heldOff = true;
    }
    if (heldOff) this.#heldOff.add(link);
    else {
      this.#heldOff.delete(link);
      // Who was first and has been silent has lost its place.
      this.#claims.set(id, claims.filter((other, at) => at >= first || other.instance === instance));
    }
    return turnedAway;
  }

  /** Control link `link` is gone. */
  lost(link: number): void {
    this.#heldOff.delete(link);
    for (const [id, claims] of this.#claims) {
      const left = claims.filter((claim) => claim.link !== link);
      if (left.length === 0) this.#claims.delete(id);
      else this.#claims.set(id, left);
    }
  }

  /** All claims of the id, in the order of arrival, this one among them. */
  #claim(id: string, instance: number, link: number, now: number): readonly Claim[] {
    const claims = this.#claims.get(id) ?? [];
    const known = claims.find((claim) => claim.link === link && claim.instance === instance);
    if (known !== undefined) {
      known.heardAt = now;
      return claims;
    }
    const all = claims.filter((claim) => claim.link !== link);
    // One more link of a router has the place of those before it.
    const last = all.findLastIndex((claim) => claim.instance === instance);
    all.splice(last < 0 ? all.length : last + 1, 0, { link, instance, heardAt: now, contradicted: 0 });
    this.#claims.set(id, all);
    return all;
  }
}
