/** Nobody hears what a routing engine has to say: for tests and measurements of one by itself. */

import type { RoutingOutput } from "./routing_output.ts";

/** See the head of the file. */
export const SILENT: RoutingOutput = {
  hello() {},
  flood() {},
  multicast() {},
  unicast() {},
  topologyChanged() {},
  addressesChanged() {},
  rival() {},
  problem() {},
};
