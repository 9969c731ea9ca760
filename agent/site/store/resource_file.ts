/** What the file of a resource is called: `KIND-NAME.yaml`, as Skupper has it, with an end that file systems take. */

import { createHash } from "node:crypto";

/** Octets of a name; file systems take 255, and writing a file takes 41 more than its own name. */
const NAME_MAX = 200;
/** Hexadecimal digits that tell long names apart. */
const DIGITS = 16;
const ENDING = ".yaml";

/** The name of the file in which the resource `name` has a place of its own; `number` makes another one of it. */
export function resourceFile(kind: string, name: string, number = 0): string {
  const whole = `${kind}-${name}${number === 0 ? "" : `-${number}`}`;
  if (whole.length + ENDING.length <= NAME_MAX) return `${whole}${ENDING}`;
  const digest = createHash("sha256").update(whole).digest("hex").slice(0, DIGITS);
  return `${whole.slice(0, NAME_MAX - ENDING.length - DIGITS - 1)}-${digest}${ENDING}`;
}
