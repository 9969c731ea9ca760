/** docs/reference/adaptor-abi.md has a paragraph for each call and record of the host's half, and the SDK the same numbers. */

import assert from "node:assert/strict";
import * as abi from "../../agent/adaptor/abi.ts";
import { defaultLimits, formatLimits } from "../../agent/adaptor/limits.ts";
import { readSource } from "./source_tree.ts";

const page = (await readSource("docs/reference/adaptor-abi.md")).replaceAll(/\s+/g, " ");
const paragraphs = (await readSource("docs/reference/adaptor-abi.md")).split("\n\n")
  .map((text) => text.replaceAll(/\s+/g, " "));

/** What records are called on the page, and in the SDK. */
const RECORD_NAMES: Readonly<Record<keyof typeof abi.RecordKind, string>> = {
  bytes: "BYTES",
  begin: "MSG_BEGIN",
  data: "MSG_DATA",
  end: "MSG_END",
  abort: "MSG_ABORT",
  splice: "SPLICE",
  window: "WINDOW",
  log: "LOG",
  metric: "METRIC",
  error: "ERROR",
  close: "CLOSE",
};

/** The calls that the page shows, as the host checks them: `name` -> `(i32,i32)->i32`. */
function shownCalls(): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const paragraph of paragraphs) {
    const heads = [...paragraph.matchAll(/\*\*`(\w+)\(([^)]*)\)(?: -> (\w+))?`\*\*/g)];
    for (const [, name = "", parameters = "", result] of heads) {
      const types = parameters === "" ? [] : parameters.split(", ").map((parameter) => parameter.split(": ")[1]);
      shown[name] = `(${types.join(",")})${result === undefined ? "" : `->${result}`}`;
    }
    // The two markers are one paragraph.
    assert.ok(heads.length <= 1 || heads.every(([, name]) => name?.startsWith("tendril_abi_")), paragraph);
  }
  return shown;
}

Deno.test("ABI reference: it has each call that the host knows, with its types, and no other", () => {
  assert.deepEqual(shownCalls(), { ...abi.requiredFunctions, ...abi.optionalFunctions });
});

Deno.test("ABI reference: it has a paragraph for each record, with its number, and no other", () => {
  const shown = paragraphs.flatMap((text) => {
    const [, number, name] = /^\*\*(\d+) ([A-Z_]+)\*\* \((?:both ways|to the host)\)/.exec(text) ?? [];
    return name === undefined ? [] : [`${number} ${name}`];
  });
  const kinds = Object.entries(abi.RecordKind) as [keyof typeof abi.RecordKind, number][];
  assert.deepEqual(shown, kinds.map(([kind, number]) => `${number} ${RECORD_NAMES[kind]}`));
});

Deno.test("ABI reference: statuses, levels, reasons, directions and entries of a head are those of the host", () => {
  const wanted = [
    ...Object.entries(abi.Status).map(([name, number]) => `${number} ${name.toUpperCase()}`),
    ...abi.logLevels.map((level, number) => `${number} ${level}`),
    ...abi.abortReasons.map((reason, number) => `${number} ${reason}`),
    ...Object.entries(abi.SpliceSideNumber).map(([side, number]) => `${number} ${side.replaceAll("-", " ")}`),
    ...Object.entries(abi.HeadScope).map(([scope, number]) => `${number} ${scope}`),
    ...Object.entries(abi.HeadType).map(([type, number]) => `${number} ${type}`),
    ...abi.messageKeys.map((key) => `\`${key}\``),
  ];
  assert.deepEqual(wanted.filter((text) => !page.includes(text)), []);
});

Deno.test("ABI reference: its limits are those of the host", () => {
  const number = (value: number) => value.toLocaleString("en");
  const wanted = [
    `at least ${formatLimits.bufferOctets}`,
    `${defaultLimits.memoryPages} pages`,
    `${number(defaultLimits.tableEntries)} entries`,
    number(defaultLimits.fuel),
    `${defaultLimits.outputOctets / 1024} KiB, ${
      number(defaultLimits.outputActions)
    } actions, ${defaultLimits.drainRounds} rounds`,
    number(defaultLimits.openStreams),
    `at most ${formatLimits.metricNameOctets} octets`,
    `at most ${formatLimits.textOctets / 1024} KiB`,
  ];
  assert.deepEqual(wanted.filter((text) => !page.includes(text)), []);
});

Deno.test("ABI reference: the SDK has the numbers of the host", async () => {
  const constants = await readSource("adaptors/sdk/assembly/constants.ts");
  const numbers: Record<string, number> = {};
  for (const [, name = "", value = ""] of constants.matchAll(/export const (\w+): \w+ = (-?\d+);/g)) {
    numbers[name] = Number(value);
  }
  const wanted: Record<string, number> = {
    ...upper("", abi.Status),
    ...upper("ROLE_", abi.RoleNumber),
    ...upper("SIDE_", abi.Side),
    FLAG_EOF: abi.FeedFlag.eof,
    FLAG_SPLICED: abi.FeedFlag.spliced,
    FURTHER_SHIFT: abi.FURTHER_SHIFT,
    ...Object.fromEntries(
      Object.entries(abi.RecordKind).map(([kind, number]) => [
        `KIND_${RECORD_NAMES[kind as keyof typeof abi.RecordKind]}`,
        number,
      ]),
    ),
    BEGIN_INTERIM: abi.INTERIM_FLAG,
    ABORT_UNTOUCHED: abi.UNTOUCHED_FLAG,
    ...upper("ABORT_", Object.fromEntries(abi.abortReasons.map((reason, number) => [reason, number]))),
    HEADER_SIZE: abi.recordHeaderSize,
    ENTRY_SIZE: abi.headEntrySize,
    ...upper("SPLICE_", abi.SpliceSideNumber),
    ...upper("SCOPE_", abi.HeadScope),
    ...upper("TYPE_", abi.HeadType),
    ...upper("LOG_", Object.fromEntries(abi.logLevels.map((level, number) => [level, number]))),
    ...upper("ERROR_", abi.SharedErrorCode),
  };
  assert.deepEqual(numbers, wanted);
});

function upper(prefix: string, numbers: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [`${prefix}${name.toUpperCase().replaceAll("-", "_")}`, value]),
  );
}
