/** The times of the routing protocol, in ms, and its bounds (skupper-router's defaults; wire-protocol D.3). */

/** How long things last. */
export interface RoutingTiming {
  /** Between two HELLOs. */
  readonly helloInterval: number;
  /** A neighbour that was not heard for this long is lost. */
  readonly helloMaxAge: number;
  /** Between two router advertisements while nothing changes. */
  readonly raInterval: number;
  /** Between two router advertisements while the network is in flux. */
  readonly raIntervalFlux: number;
  /** The network counts as in flux for this long after its last change. */
  readonly flux: number;
  /** What a router said of its neighbours is forgotten when it was not heard of for this long. */
  readonly linkStateMaxAge: number;
  /** The addresses of a router that can't be reached are kept for this long, in case that it comes back. */
  readonly unreachableHoldoff: number;
  /**
   * A router that has come within reach is given this long to get to know us, and until it has answered for its link
   * state, before it is told of addresses, or asked for them, unless it speaks to us first: C routers warn of those
   * whom they don't know.
   */
  readonly introduction: number;
  /** Changes of addresses wait at most this long for such a router, and at most this long for all of them. */
  readonly introductionLimit: number;
  /** Own changes are told at once, `changeBurst` at most; then one in this time, and the rest waits for the next tick. */
  readonly changeInterval: number;
  /** See {@link RoutingTiming.changeInterval}. */
  readonly changeBurst: number;
}

/** What every Skupper router uses. */
export const DEFAULT_TIMING: RoutingTiming = {
  helloInterval: 1000,
  helloMaxAge: 3000,
  raInterval: 30_000,
  raIntervalFlux: 4000,
  flux: 8000,
  linkStateMaxAge: 60_000,
  unreachableHoldoff: 1000,
  introduction: 1000,
  introductionLimit: 3000,
  changeInterval: 1000,
  changeBurst: 4,
};

/** Time between two calls of `RoutingEngine.tick`, in ms. */
export const TICK_MS = 1000;

/** Routers a network may have, as far as one of them remembers. */
export const MAX_ROUTERS = 10_000;
/** Neighbours one router may name. */
export const MAX_PEERS = 4096;
/** Links between all routers of a network, each counted by both its ends. */
export const MAX_NAMED_PEERS = 200_000;
/** Addresses one router may advertise. */
export const MAX_ADDRESSES = 200_000;
/** Addresses that all routers together may advertise, an address at two routers counted twice. */
export const MAX_ALL_ADDRESSES = 500_000;
/** Characters of a router id, or of the key of an address. */
export const MAX_NAME = 1024;
/** Ticks for which a router that nobody names is kept: it may be about to introduce itself. */
export const STRAY_TICKS = 3;
/** Time for which words of a former life of this router may still go round after its start, in ms. */
export const ECHO_MS = 20_000;
/** Times that a router may come back as who it was before; one that does so more often is two with one id. */
export const MAX_RETURNS = 3;
/** Returns in a shorter time count as one, in ms: old words that were held up on their way come all at once. */
export const RETURN_INTERVAL_MS = 250;
/** Costs are signed 32-bit numbers on the wire. */
export const COST_MAX = 2 ** 31 - 1;
/** What the links of a router that is about to go cost more: any way around it is better, and without one it still is one. */
export const DETOUR_COST = 2 ** 20;
