/** What happened at a site lately, out of the records of its log: pure. */

import type { KeptRecord } from "../telemetry/log_ring.ts";

/** What an event is about. */
export const TOPICS = ["link", "listener", "connector", "certificate", "token", "peer", "folder", "site"] as const;

/** One of {@link TOPICS}. */
export type Topic = (typeof TOPICS)[number];

/** Something that happened, once or several times in a row. */
export interface SiteEvent {
  /** When, the last time, in ISO 8601. */
  readonly time: string;
  /** What it is about. */
  readonly topic: Topic;
  /** How grave it is. */
  readonly level: string;
  /** How often in a row. */
  readonly count: number;
  /** What happened. */
  readonly message: string;
  /** The facts. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Fields by which a record belongs to a topic; the first that fits. */
const FIELDS: ReadonlyArray<readonly [string, Topic]> = [
  ["secret", "certificate"],
  ["grant", "token"],
  ["token", "token"],
  ["listener", "listener"],
  ["connector", "connector"],
  ["link", "link"],
  ["access", "peer"],
  ["peer", "peer"],
];

/** The events in `records`, the oldest first; the same one after the other is one, with the time of the last. */
export function eventsOf(records: readonly KeptRecord[]): SiteEvent[] {
  const events: SiteEvent[] = [];
  for (const { time, level, message, fields } of records) {
    const topic = topicOf(message, fields);
    const last = events.at(-1);
    const same = last !== undefined && last.message === message && last.level === level &&
      JSON.stringify(last.fields) === JSON.stringify(fields);
    if (same) events[events.length - 1] = { ...last, time, count: last.count + 1 };
    else events.push({ time, topic, level, count: 1, message, fields });
  }
  return events;
}

function topicOf(message: string, fields: KeptRecord["fields"]): Topic {
  if (/certificate|authority|renew/.test(message)) return "certificate";
  const found = FIELDS.find(([field]) => field in fields)?.[1];
  if (found !== undefined) return found;
  return /folder|resource|applied|file/.test(message) ? "folder" : "site";
}
