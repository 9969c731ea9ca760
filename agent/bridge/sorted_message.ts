/**
 * A message of which it is open what it is: a request of HTTP, which has a method as subject and a `:path`
 * (`docs/decisions/0009-http-requests-are-messages.md`), or a stream. It is held until its head tells.
 */

import type { Downstream, Message } from "../router/flow.ts";
import { type Decider, hold } from "./held_message.ts";
import { decodeSections } from "./message_sections.ts";

/** What the owner does: the decision is whether the message is a request. */
export type SortingHandler = Pick<Decider<boolean>, "take" | "onGone">;

/** Gives `message` to `handler` as soon as its head tells what it is. */
export function sort(message: Message, { take, onGone }: SortingHandler): Downstream {
  return hold(message, { decide: isRequestHead, take, onGone });
}

/** Undefined while more octets are needed; what is malformed is no request. */
function isRequestHead(bytes: Uint8Array, complete: boolean): boolean | undefined {
  const sections = decodeSections(bytes, complete);
  if (sections === undefined) return complete ? false : undefined;
  if (typeof sections === "string" || sections.head.subject === undefined) return false;
  return sections.head.properties.some(([key]) => key === ":path");
}
