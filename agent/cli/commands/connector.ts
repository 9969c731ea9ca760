/** `tendril connector create|generate|update|status|delete`. */

import type { Command } from "../command.ts";
import { serviceCommands } from "../resource_commands.ts";

/** See the head of the file. */
export const connectorCommands: readonly Command[] = serviceCommands({
  noun: "connector",
  kind: "Connector",
  what: "a local target that serves a routing key",
  hostHelp: "Address or host name of the target.",
  defaultHost: "localhost",
});
