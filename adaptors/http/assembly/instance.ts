/** The life of an instance: what calls it takes, and when. */

import { CAPACITY, INPUT } from "../../sdk/assembly/buffers";
import {
  LIMIT,
  OK,
  ROLE_CONNECTOR,
  ROLE_LISTENER,
  SIDE_SOCKET,
  SIDE_STREAM,
  STATE,
  UNSUPPORTED,
} from "../../sdk/assembly/constants";
import { configure } from "./config";

let opened: bool = false;
let closed: bool = false;

/** Which end this is. */
export let isListener: bool = false;

/** Begins with the configuration in the input: a status. */
export function openInstance(role: i32, length: i32): i32 {
  if (opened || closed) return STATE;
  if (<u32> length > CAPACITY) return LIMIT;
  if (role != ROLE_LISTENER && role != ROLE_CONNECTOR) return UNSUPPORTED;
  if (!configure(INPUT, length)) return UNSUPPORTED;
  isListener = role == ROLE_LISTENER;
  opened = true;
  return OK;
}

/** Whether so much input of a side may be fed: a status. */
export function mayFeed(side: i32, length: i32): i32 {
  if (<u32> length > CAPACITY) return LIMIT;
  if (side != SIDE_SOCKET && side != SIDE_STREAM) return UNSUPPORTED;
  return isOpen() ? OK : STATE;
}

/** Whether it has begun and not ended. */
export function isOpen(): bool {
  return opened && !closed;
}

/** Ends. */
export function closeInstance(): void {
  closed = true;
}
