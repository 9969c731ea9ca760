/** `tendril listener create|generate|update|status|delete`. */

import type { Command } from "../command.ts";
import { serviceCommands } from "../resource_commands.ts";

/** See the head of the file. */
export const listenerCommands: readonly Command[] = serviceCommands({
  noun: "listener",
  kind: "Listener",
  what: "a local port that leads to a routing key",
  hostHelp: "Address or host name to bind.",
  defaultHost: "0.0.0.0",
});
