/** Tables for people: columns as wide as they need to be, numbers to the right. */

import { printable } from "../telemetry/record.ts";

/** One cell; null is shown as `-`. */
export type Cell = string | number | null;

/** How a table is to look. */
export interface TableStyle {
  /** ANSI colours. */
  readonly colors: boolean;
}

/** The lines of a table with a title; columns without any content are left out. */
export function table(
  title: string,
  heads: readonly string[],
  rows: ReadonlyArray<readonly Cell[]>,
  style: TableStyle,
): string[] {
  const shown = rows.map((row) => row.map((cell) => cell === null ? "-" : printable(String(cell))));
  const columns = heads.map((_, at) => at).filter((at) => shown.some((row) => row[at] !== ""));
  const widths = heads.map((head, at) => Math.max(head.length, ...shown.map((row) => row[at]?.length ?? 0)));
  // Also where a number is missing.
  const numeric = heads.map((_, at) => shown.every((row) => /^(-|[\d.]+)$/.test(row[at]!)));
  const line = (cells: readonly string[]) =>
    columns.map((at) => numeric[at] ? cells[at]!.padStart(widths[at]!) : cells[at]!.padEnd(widths[at]!)).join("  ")
      .trimEnd();
  const paint = (text: string, code: number) => style.colors ? `\x1b[${code}m${text}\x1b[0m` : text;
  return [
    paint(title, 1),
    ...(rows.length === 0 ? ["  none"] : [`  ${paint(line(heads), 2)}`]),
    ...shown.map((row) => `  ${line(row)}`),
  ];
}
