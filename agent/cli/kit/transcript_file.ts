/**
 * Recorded conversations with an adaptor, as its author writes them in YAML: what it is told, and what it must answer
 * (`docs/adaptor-guide.md`). Octets are written as text whose characters are octets: `"\r\n"`, `"\xff"`.
 */

import { parse } from "yaml";
import { z } from "zod";
import type { Action, MessageHead, StreamEvent } from "../../adaptor/action.ts";
import { abortReasons, logLevels } from "../../adaptor/abi.ts";
import type { Transcript, TranscriptStep } from "../../adaptor/contract.ts";
import { MANY_CONFIG } from "../../adaptor/trial.ts";
import { messageOf, TendrilError } from "../../lib/errors.ts";

const octets = z.string().regex(/^[\0-\xff]*$/, "has a character that is no octet")
  .transform((text) => Uint8Array.from(text, (character) => character.charCodeAt(0)));
const count = z.number().int().min(0);
const stream = count.min(1).max(0xffff_ffff);

const head = {
  contentType: z.string().default(""),
  subject: z.string().optional(),
  properties: z.array(z.strictObject({
    key: z.string(),
    value: z.union([z.string(), count]),
    field: z.literal(true).optional(),
  })).default([]),
};

function headOf(
  { contentType, subject, properties }: z.infer<z.ZodObject<typeof head>>,
): MessageHead {
  return {
    contentType,
    ...(subject === undefined ? {} : { subject }),
    properties: properties.map(({ key, value, field }) =>
      typeof value === "number"
        ? [key, { type: "uint", value }]
        : [key, { type: field === true ? "field" : "string", value }]
    ),
  };
}

/** Actions and events by the field that says what they are. */
const action: Readonly<Record<Action["kind"], z.ZodType<Action>>> = {
  bytes: z.strictObject({ bytes: octets }).transform(({ bytes }) => ({ kind: "bytes", data: bytes })),
  begin: z.strictObject({ begin: stream, interim: z.literal(true).optional(), ...head }).transform(
    ({ begin, interim, ...rest }) => ({
      kind: "begin",
      stream: begin,
      head: headOf(rest),
      ...(interim && { interim }),
    }),
  ),
  data: z.strictObject({ data: stream, octets }).transform(({ data, octets }) => (
    { kind: "data", stream: data, data: octets }
  )),
  end: z.strictObject({ end: stream }).transform(({ end }) => ({ kind: "end", stream: end })),
  abort: z.strictObject({ abort: stream, untouched: z.literal(true).optional() }).transform(({ abort, untouched }) => (
    { kind: "abort", stream: abort, ...(untouched && { untouched }) }
  )),
  resume: z.strictObject({ resume: stream }).transform(({ resume }) => ({ kind: "resume", stream: resume })),
  concurrency: z.strictObject({ concurrency: count }).transform(({ concurrency }) => (
    { kind: "concurrency", requests: concurrency }
  )),
  splice: z.strictObject({
    splice: stream,
    side: z.enum(["socket-to-stream", "stream-to-socket"]),
    length: z.union([count, z.literal("for good")]),
    further: z.strictObject({ times: count, head: octets, instead: octets }).optional(),
  }).transform(({ splice, side, length, further }) => (
    {
      kind: "splice",
      stream: splice,
      side,
      length: length === "for good" ? Infinity : length,
      ...(further && { further }),
    }
  )),
  log: z.strictObject({ log: z.string(), level: z.enum(logLevels) }).transform(({ log, level }) => (
    { kind: "log", level, text: log }
  )),
  metric: z.strictObject({ metric: z.string(), value: z.number() }).transform(({ metric, value }) => (
    { kind: "metric", name: metric, value }
  )),
  error: z.strictObject({ error: count, text: z.string() }).transform(({ error, text }) => (
    { kind: "error", code: error, text }
  )),
  close: z.strictObject({ close: z.string() }).transform(({ close }) => ({ kind: "close", text: close })),
};

const event: Readonly<Record<StreamEvent["kind"], z.ZodType<StreamEvent>>> = {
  begin: z.strictObject({ begin: stream, ...head }).transform(({ begin, ...rest }) => (
    { kind: "begin", stream: begin, head: headOf(rest) }
  )),
  data: z.strictObject({ data: stream, octets }).transform(({ data, octets }) => (
    { kind: "data", stream: data, data: octets }
  )),
  end: z.strictObject({ end: stream }).transform(({ end }) => ({ kind: "end", stream: end })),
  abort: z.strictObject({ abort: stream, reason: z.enum(abortReasons).optional() }).transform(({ abort, reason }) => (
    { kind: "abort", stream: abort, ...(reason && { reason }) }
  )),
  window: z.strictObject({ window: stream, octets: count }).transform(({ window, octets }) => (
    { kind: "window", stream: window, octets }
  )),
};

const actions = z.array(oneOf(action)).default([]);

const step: Readonly<Record<TranscriptStep["call"], z.ZodType<TranscriptStep>>> = {
  socket: z.strictObject({
    socket: octets,
    eof: z.boolean().default(false),
    consumed: count.optional(),
    answer: actions,
  }).transform(({ socket, eof, consumed = socket.length, answer }) => (
    { call: "socket", data: socket, eof, answer: { consumed, actions: answer } }
  )),
  spliced: z.strictObject({ spliced: z.literal(true), answer: actions }).transform(({ answer }) => (
    { call: "spliced", answer: { actions: answer } }
  )),
  stream: z.strictObject({ stream: oneOf(event), answer: actions }).transform(({ stream, answer }) => (
    { call: "stream", event: stream, answer: { actions: answer } }
  )),
  tick: z.strictObject({ tick: z.number(), deadline: z.number().default(0), answer: actions }).transform(
    ({ tick, deadline, answer }) => ({ call: "tick", now: tick, answer: { deadline, actions: answer } }),
  ),
};

const file = z.array(
  z.strictObject({
    title: z.string().min(1),
    role: z.enum(["listener", "connector"]),
    config: octets.optional(),
    opening: actions,
    steps: z.array(oneOf(step)),
  }),
).min(1);

/**
 * The conversations in `text`; `path` is how messages name it, `many` whether the adaptor is one of many messages. Throws
 * ADAPTOR_TRANSCRIPT.
 */
export function readTranscripts(text: string, path: string, many: boolean): Transcript[] {
  const config = many ? MANY_CONFIG : new Uint8Array(0);
  try {
    const result = file.safeParse(parse(text));
    if (result.success) {
      return result.data.map((transcript) => ({ ...transcript, config: transcript.config ?? config }));
    }
    const { path: where, message } = result.error.issues[0]!;
    throw new TypeError(`${where.join(".")}: ${message}`);
  } catch (cause) {
    throw new TendrilError("ADAPTOR_TRANSCRIPT", `${path} is no file of transcripts: ${messageOf(cause)}`, {
      cause,
      hint: "Write them as docs/adaptor-guide.md shows, a list of conversations with title, role and steps.",
    });
  }
}

/** One of `kinds`, by the first of its fields that has the name of one. */
function oneOf<Value>(kinds: Readonly<Record<string, z.ZodType<Value>>>): z.ZodType<Value> {
  return z.record(z.string(), z.unknown()).transform((value, context) => {
    const kind = Object.keys(value).find((key) => Object.hasOwn(kinds, key));
    const result = kind === undefined ? undefined : kinds[kind]?.safeParse(value);
    if (result?.success) return result.data;
    const names = Object.keys(kinds).join(", ");
    const issue = result?.error?.issues[0] ?? { path: [], message: `must have one of ${names}` };
    context.addIssue({ code: "custom", path: [...issue.path], message: issue.message });
    return z.NEVER;
  });
}
