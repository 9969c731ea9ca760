/** The result of a command in the form that `-o` asks for. */

import { type Cell, table } from "./columns.ts";
import type { CliIo } from "./io.ts";

/** How a value is shown to people. */
export interface TableView {
  /** Above the table. */
  readonly title: string;
  /** Names of the columns. */
  readonly heads: readonly string[];
  /** One per line. */
  readonly rows: ReadonlyArray<readonly Cell[]>;
}

/** Writes `value` to stdout as JSON or YAML, or `views` of it as tables. */
export async function writeResult(
  format: "table" | "json" | "yaml",
  io: CliIo,
  value: unknown,
  views: readonly TableView[],
): Promise<void> {
  if (format === "json") return io.stdout(`${JSON.stringify(value, null, 2)}\n`);
  if (format === "yaml") {
    const { stringify } = await import("yaml");
    // By way of JSON, so that both forms say the same.
    return io.stdout(stringify(JSON.parse(JSON.stringify(value))));
  }
  const style = { colors: io.stdoutTerminal && io.colors };
  const tables = views.map(({ title, heads, rows }) => table(title, heads, rows, style).join("\n"));
  io.stdout(`${tables.join("\n\n")}\n`);
}
