/**
 * What may stand next on a command line: the words so far in, candidates out, by the same table as `--help`. Names of
 * resources come from a folder, which only the caller may look into.
 */

import { placeholder } from "../args.ts";
import type { Command, Flag, FlagTable, Positional } from "../command.ts";
import { type GivenSite, NAMESPACE_FLAG } from "../namespace.ts";
import { GLOBAL_FLAGS, leadingFlags } from "../flags.ts";
import { PROTOCOLS } from "../../site/spec.ts";

/** One candidate. */
export interface Candidate {
  /** The word. */
  readonly word: string;
  /** What it is, in a few words. */
  readonly what: string;
}

/** What may stand there: words, or the names of files or folders, which the shell knows best. */
export interface Candidates {
  /** The words that begin with what was typed. */
  readonly words: readonly Candidate[];
  /** Names that the shell adds. */
  readonly paths: "none" | "files" | "folders";
}

/** A name that a folder has. */
export interface KnownName {
  /** Kind of the resource. */
  readonly kind: string;
  /** Its name. */
  readonly name: string;
  /** Its routing key; empty if it has none. */
  readonly routingKey: string;
}

/** Looks up names; there are none where it can't be read. */
export interface Lookup {
  /** Those in the folder of the site that a command line means. */
  names(given: GivenSite): Promise<readonly KnownName[]>;
  /** Those of namespaces. */
  namespaces(): Promise<readonly string[]>;
}

/** Kinds whose names stand for NAME of commands that begin with a word. */
const NOUNS: Readonly<Record<string, readonly string[]>> = {
  link: ["Link"],
  listener: ["Listener"],
  multikeylistener: ["MultiKeyListener"],
  connector: ["Connector"],
  token: ["AccessGrant"],
  certificate: ["Secret"],
};

/** What completion looks at in a command. */
type Shape = Pick<Command, "name" | "flags" | "positionals">;

/** What may stand where no command has been typed yet, besides commands. */
const NO_COMMAND: Shape = {
  name: "",
  flags: { namespace: NAMESPACE_FLAG, version: { kind: "switch", help: "The version of this program." } },
  positionals: [],
};

/** What may follow `words`, of which the last one is being typed and may be empty; the name of the program is left out. */
export async function candidates(
  commands: readonly Command[],
  words: readonly string[],
  lookup: Lookup,
  kinds: readonly string[],
): Promise<Candidates> {
  const all = words[0] === "help" ? words.slice(1) : words;
  const current = all.at(-1) ?? "";
  const before = all.slice(0, -1);
  const leading = leadingFlags(before);
  // One that lacks its value reaches beyond the words that stand before the one that is being typed.
  if (leading > before.length || leading === before.length && current.startsWith("-")) {
    return await within(NO_COMMAND, before, current, lookup, kinds);
  }
  const typed = before.slice(leading);
  const command = longest(commands, typed);
  if (command === undefined) return matching(current, nextParts(commands, typed));
  const rest = typed.slice(command.name.split(" ").length);
  return await within(command, [...before.slice(0, leading), ...rest], current, lookup, kinds);
}

function longest(commands: readonly Command[], words: readonly string[]): Command | undefined {
  return commands.filter(({ name }) => name.split(" ").every((part, at) => part === words[at]))
    .sort((one, other) => other.name.length - one.name.length)[0];
}

/** The next word of every command that begins with `words`. */
function nextParts(commands: readonly Command[], words: readonly string[]): Candidate[] {
  const found = new Map<string, string>();
  for (const { name, summary } of commands) {
    const parts = name.split(" ");
    const next = parts[words.length];
    if (next === undefined || !words.every((word, at) => word === parts[at])) continue;
    const group = commands.filter((other) => `${other.name} `.startsWith(`${[...words, next].join(" ")} `));
    const verbs = group.map((other) => other.name.split(" ")[words.length + 1]).join(", ");
    found.set(next, group.length > 1 ? verbs : summary);
  }
  return [...found].map(([word, what]) => ({ word, what }));
}

async function within(
  command: Shape,
  words: readonly string[],
  current: string,
  lookup: Lookup,
  kinds: readonly string[],
): Promise<Candidates> {
  const table: FlagTable = { ...command.flags, ...GLOBAL_FLAGS };
  const { positionals, given, pending } = parsed(table, words);
  const names = () => lookup.names({ dir: given.get("dir"), namespace: given.get("namespace") });
  const ofValue = async (name: string, typed: string) => {
    if (table[name] !== NAMESPACE_FLAG) return await ofFlag(name, table[name]!, typed, command, names);
    const namespaces = await lookup.namespaces();
    return matching(typed === "=" ? "" : typed, namespaces.map((word) => ({ word, what: "namespace" })));
  };
  if (pending !== undefined) return await ofValue(pending, current);
  const [, name, value] = /^--([\w-]+)=(.*)$/s.exec(current) ?? [];
  if (name !== undefined && table[name] !== undefined) {
    const { words, paths } = await ofValue(name, value!);
    return { words: words.map(({ word, what }) => ({ word: `--${name}=${word}`, what })), paths };
  }
  if (current.startsWith("-")) {
    const free = Object.entries(table).filter(([name, { kind }]) => kind === "list" || !given.has(name));
    return matching(current, free.map(([name, { help }]) => ({ word: `--${name}`, what: help })));
  }
  const all = command.positionals;
  const positional = all[positionals] ?? (all.at(-1)?.many ? all.at(-1) : undefined);
  return positional === undefined
    ? matching(current, [])
    : await ofPositional(positional, current, command, names, kinds);
}

/** How many words are no flags, what the flags say, and the flag whose value comes next. */
function parsed(table: FlagTable, words: readonly string[]) {
  const given = new Map<string, string>();
  let positionals = 0;
  let pending: string | undefined;
  for (const word of words) {
    // A shell may cut `--flag=value` into three.
    if (word === "=" && pending !== undefined) continue;
    if (pending !== undefined) {
      given.set(pending, word);
      pending = undefined;
      continue;
    }
    const [, long, , value] = /^--([\w-]+)(=(.*))?$/s.exec(word) ?? [];
    const short = /^-(\w)$/.exec(word)?.[1];
    const name = long ?? Object.entries(table).find(([, flag]) => short !== undefined && flag.short === short)?.[0];
    if (name === undefined || table[name] === undefined) {
      if (!word.startsWith("-") || word === "-") positionals++;
    } else if (value !== undefined || table[name].kind === "switch") given.set(name, value ?? "");
    else pending = name;
  }
  return { positionals, given, pending };
}

async function ofFlag(
  name: string,
  flag: Flag,
  typed: string,
  command: Shape,
  names: () => Promise<readonly KnownName[]>,
): Promise<Candidates> {
  const current = typed === "=" ? "" : typed;
  if (flag.kind === "choice") return matching(current, flag.choices.map((word) => ({ word, what: "" })));
  const shown = placeholder(flag);
  if (name === "tls-credentials") return matching(current, ofKinds(await names(), ["Secret"]));
  if (name === "type") return matching(current, [...TYPES, ...ofKinds(await names(), ["Adaptor"])]);
  if (shown === "NAME") return matching(current, ofKinds(await names(), NOUNS[noun(command)] ?? []));
  if (shown === "KEY" && name === "routing-key") return matching(current, keys(await names()));
  return paths(shown);
}

const TYPES: readonly Candidate[] = PROTOCOLS.map((word) => ({ word, what: "built in" }));

async function ofPositional(
  { placeholder: shown }: Positional,
  current: string,
  command: Shape,
  names: () => Promise<readonly KnownName[]>,
  kinds: readonly string[],
): Promise<Candidates> {
  if (shown === "KIND") return matching(current, kinds.map((word) => ({ word, what: "" })));
  if (shown === "KIND/NAME") {
    const all = (await names()).map(({ kind, name }) => ({ word: `${kind}/${name}`, what: "" }));
    return matching(current, all);
  }
  if (/\bKEY\b/.test(shown)) return matching(current, keys(await names()));
  // A new resource has a name that nobody has yet.
  if (shown === "NAME" && !command.name.endsWith("create")) {
    return matching(current, ofKinds(await names(), NOUNS[noun(command)] ?? []));
  }
  return paths(shown);
}

function paths(shown: string): Candidates {
  // KEY alone is left by routing keys: the others are files.
  const isFile = shown === "KEY" || /\b(FILE|CERT|YAML|CA|OUT)\b/.test(shown);
  const what = isFile ? "files" : /\bDIR\b/.test(shown) ? "folders" : "none";
  return { words: [], paths: what };
}

function noun({ name }: Shape): string {
  return name.split(" ")[0]!;
}

function ofKinds(names: readonly KnownName[], kinds: readonly string[]): Candidate[] {
  return names.filter(({ kind }) => kinds.includes(kind)).map(({ kind, name }) => ({ word: name, what: kind }));
}

function keys(names: readonly KnownName[]): Candidate[] {
  const found = new Map(names.filter(({ routingKey }) => routingKey !== "").map((each) => [each.routingKey, each]));
  return [...found].map(([word, { kind, name }]) => ({ word, what: `${kind} ${name}` }));
}

function matching(current: string, all: readonly Candidate[]): Candidates {
  return { words: all.filter(({ word }) => word.startsWith(current)), paths: "none" };
}
