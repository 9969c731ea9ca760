/** Entry of the `tendril` program: the words of the command line in, an exit code out. */

import { dispatch, errorFormat } from "./cli/dispatch.ts";
import { EXIT } from "./cli/exit_codes.ts";
import { processIo } from "./cli/io.ts";
import { reportError } from "./cli/report.ts";
import { commands } from "./cli/table.ts";

const io = processIo();

/** A fault that no command caught: told in the same form, then the process ends, for its state is unknown. */
function onFault(event: Event, error: unknown): void {
  event.preventDefault();
  const format = errorFormat(Deno.args, io);
  io.stderr(reportError(error, { format, colors: io.terminal && io.colors, now: io.now() }));
  Deno.exit(EXIT.failure);
}

globalThis.addEventListener("unhandledrejection", (event) => onFault(event, event.reason));
globalThis.addEventListener("error", (event) => onFault(event, event.error));

Deno.exit(await dispatch(Deno.args, { commands, io, entry: import.meta.url }));
