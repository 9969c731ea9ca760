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

/** `value` as JSON or YAML, which say the same. */
export async function structured(format: "json" | "yaml", value: unknown): Promise<string> {
  const json = JSON.stringify(value, null, 2);
  if (format === "json") return `${json}\n`;
  const { stringify } = await import("yaml");
  return stringify(JSON.parse(json));
}

/** Writes `value` to stdout as JSON or YAML, or `views` of it as tables. */
export async function writeResult(
  format: "table" | "json" | "yaml",
  io: CliIo,
  value: unknown,
  views: readonly TableView[],
): Promise<void> {
  if (format !== "table") return io.stdout(await structured(format, value));
  const style = { colors: io.stdoutTerminal && io.colors };
  const tables = views.map(({ title, heads, rows }) => table(title, heads, rows, style).join("\n"));
  io.stdout(`${tables.join("\n\n")}\n`);
}
