/**
 * Command line words to typed values, by the command's own table.
 *
 * Stands in for `@std/cli`'s `parseArgs`, which is not on npm: the tokens come from `node:util`, and this module alone
 * imports it. Every refusal is a `TendrilError` whose code begins with `USAGE_`.
 */

import { parseArgs } from "node:util";
import { TendrilError } from "../lib/errors.ts";
import type { Command, Flag, FlagTable } from "./command.ts";
import { nearest } from "../lib/suggest.ts";

/** The value of a flag of any kind. */
export type FlagContent = string | number | boolean | readonly string[] | undefined;

/** What a command line says. */
export interface ParsedLine {
  /** Values by flag name: those given, then those of the environment, then the defaults. */
  readonly flags: Readonly<Record<string, FlagContent>>;
  /** Values by positional name; absent ones are missing when help was asked for. */
  readonly args: Readonly<Record<string, string | readonly string[]>>;
}

/** Parses the words after the command's name. With `--help` nothing is required and only `help` counts. */
export function parseLine(
  command: Pick<Command, "name" | "flags" | "positionals">,
  globals: FlagTable,
  words: readonly string[],
  env: (name: string) => string | undefined,
): ParsedLine {
  const table: FlagTable = { ...command.flags, ...globals };
  const { tokens } = parseArgs({
    args: [...words],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(table).map(([name, flag]) => [name, {
        type: flag.kind === "switch" ? "boolean" as const : "string" as const,
        ...(flag.short === undefined ? {} : { short: flag.short }),
      }]),
    ),
  });
  const given = new Map<string, string | true | string[]>();
  const rest: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") rest.push(token.value);
    if (token.kind !== "option") continue;
    const flag = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (flag === undefined) throw unknownFlag(command.name, token.rawName, Object.keys(table));
    const value = rawValue(command.name, token, flag);
    const before = given.get(token.name);
    if (flag.kind === "list" && typeof value === "string") {
      given.set(token.name, [...Array.isArray(before) ? before : [], value]);
      continue;
    }
    if (before !== undefined) throw usage("USAGE_FLAG_REPEATED", `--${token.name} is given twice`, command.name);
    given.set(token.name, value);
  }
  const flags: Record<string, FlagContent> = {};
  const helpOnly = given.get("help") === true;
  for (const [name, flag] of Object.entries(table)) {
    flags[name] = flagValue(command.name, name, flag, given.get(name), env, helpOnly);
  }
  return { flags, args: helpOnly ? {} : positionalValues(command, rest) };
}

/** The text of an option token, or true for a switch. */
function rawValue(
  command: string,
  token: { rawName: string; value: string | undefined; inlineValue: boolean | undefined },
  flag: Flag,
): string | true {
  if (flag.kind === "switch") {
    if (token.value === undefined) return true;
    throw usage("USAGE_FLAG_VALUE", `${token.rawName} takes no value, it is there or not`, command);
  }
  // A word with a dash is the next flag, not this one's value; a lone dash means stdin. `-o=json` keeps its `=`.
  const isFlag = token.inlineValue === false && token.value?.startsWith("-") && token.value !== "-";
  if (token.value === undefined || isFlag) {
    throw usage("USAGE_FLAG_VALUE", `${token.rawName} needs a value: ${token.rawName} ${placeholder(flag)}`, command);
  }
  return token.rawName.startsWith("--") ? token.value : token.value.replace(/^=/, "");
}

/** The typed value of one flag: as given, else from the environment, else the default. */
function flagValue(
  command: string,
  name: string,
  flag: Flag,
  given: string | true | string[] | undefined,
  env: (name: string) => string | undefined,
  helpOnly: boolean,
): FlagContent {
  if (flag.kind === "switch") return given === true;
  if (flag.kind === "list") return Array.isArray(given) ? given : [];
  const fromEnv = given === undefined && flag.env !== undefined ? env(flag.env) : undefined;
  const text = typeof given === "string" ? given : fromEnv === "" ? undefined : fromEnv;
  const source = given === undefined ? `${flag.env}` : `--${name}`;
  if (text === undefined) {
    if (flag.kind === "text" && flag.required && !helpOnly) {
      throw usage("USAGE_FLAG_MISSING", `--${name} ${flag.placeholder} is required`, command);
    }
    return flag.default;
  }
  switch (flag.kind) {
    case "text":
      if (text === "") throw usage("USAGE_FLAG_VALUE", `${source} must not be empty`, command);
      return text;
    case "choice":
      if (flag.choices.includes(text)) return text;
      throw usage("USAGE_FLAG_VALUE", `${source} "${text}" is none of ${flag.choices.join(", ")}`, command);
    case "integer": {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
      if (value >= flag.min && value <= flag.max) return value;
      const range = `a whole number from ${flag.min} to ${flag.max}`;
      throw usage("USAGE_FLAG_VALUE", `${source} "${text}" is not ${range}`, command);
    }
  }
}

function positionalValues(
  command: Pick<Command, "name" | "positionals">,
  words: readonly string[],
): Record<string, string | readonly string[]> {
  const values: Record<string, string | readonly string[]> = {};
  for (const [index, positional] of command.positionals.entries()) {
    const word = words[index];
    if (word === undefined && positional.optional) continue;
    if (word === undefined || word === "") {
      throw usage("USAGE_ARGUMENT_MISSING", `${positional.placeholder} is missing: ${positional.help}`, command.name);
    }
    if (positional.many) {
      values[positional.name] = words.slice(index);
      return values;
    }
    values[positional.name] = word;
  }
  const extra = words[command.positionals.length];
  if (extra !== undefined) {
    throw usage("USAGE_ARGUMENT_EXTRA", `"${extra}" is one word too many`, command.name);
  }
  return values;
}

/** How help and errors name a flag's value. */
export function placeholder(flag: Flag): string {
  if (flag.kind === "switch") return "";
  return flag.kind === "choice" ? flag.choices.join("|") : flag.placeholder;
}

/** Skupper's own flags say where a site is. */
const PLACE_HINTS: Readonly<Record<string, string>> = {
  namespace: "This command is about no site of this machine; those that are take -n.",
  platform: "There is one platform here, a process of this machine: leave it out.",
};

function unknownFlag(command: string, rawName: string, known: readonly string[]): TendrilError {
  const near = nearest(rawName.replace(/^-+/, ""), known);
  const place = /^-n$|^--namespace$/.test(rawName) ? "namespace" : /^-p$|^--platform$/.test(rawName) ? "platform" : "";
  return usage(
    "USAGE_FLAG_UNKNOWN",
    `${command === "" ? "tendril" : `tendril ${command}`} has no flag ${rawName}`,
    command,
    PLACE_HINTS[place] ?? (near === undefined ? undefined : `Did you mean --${near}?`),
  );
}

/** A refusal of the command line that points to the command's help. */
export function usage(code: string, message: string, command: string, suggestion?: string): TendrilError {
  const help = command === "" ? "See `tendril help`." : `See \`tendril ${command} --help\`.`;
  return new TendrilError(code, message, { hint: suggestion === undefined ? help : `${suggestion} ${help}` });
}
