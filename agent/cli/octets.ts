/** Sizes as a user types them: `256M`, `2G`. */

import { usage } from "./args.ts";

/** With less there would be no room for streams: the program alone has 90 MiB, and 110 once it has worked. */
const LEAST_MEMORY = 160 * 1024 * 1024;
const UNITS: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** The octets of `--max-memory` of `command`; undefined without one. Units are powers of 1024, with or without `i`, `B`. */
export function parseMaxMemory(text: string | undefined, command: string): number | undefined {
  if (text === undefined) return undefined;
  const [, number = "", unit = ""] = /^(\d{1,15})([KMG])?i?B?$/i.exec(text) ?? [];
  const octets = number === "" ? NaN : Number(number) * (UNITS[unit.toUpperCase()] ?? 1);
  if (octets >= LEAST_MEMORY && Number.isSafeInteger(octets)) return octets;
  throw usage("USAGE_FLAG_VALUE", `--max-memory "${text}" is no size of at least 160M`, command, "Write 256M or 2G.");
}
