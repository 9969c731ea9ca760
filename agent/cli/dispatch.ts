/**
 * From the words of a command line to one command's run: finds the command, parses, makes the logger, reports errors.
 * Never throws; the exit code says how it went.
 */

import { createLogger, type LogFormat } from "../telemetry/logger.ts";
import type { LogLevel } from "../telemetry/level.ts";
import { parseLine, usage } from "./args.ts";
import type { Command, Positional, PositionalValues } from "./command.ts";
import { EXIT, exitCodeOf } from "./exit_codes.ts";
import { TendrilError } from "../lib/errors.ts";
import { successorOf } from "./former_words.ts";
import { GLOBAL_FLAGS, leadingFlags } from "./flags.ts";
import { commandPage, overviewPage } from "./help.ts";
import type { CliIo } from "./io.ts";
import { reportError } from "./report.ts";
import { nearest } from "../lib/suggest.ts";

/** What {@link dispatch} works with. */
export interface DispatchContext {
  /** Every command there is. */
  readonly commands: readonly Command[];
  /** The process. */
  readonly io: CliIo;
  /** Where the program was loaded from. */
  readonly entry: string;
}

/** Runs the command that `argv` names and resolves to the exit code. */
export async function dispatch(argv: readonly string[], context: DispatchContext): Promise<number> {
  try {
    return await runCommand(argv, context);
  } catch (error) {
    const { io } = context;
    const format = errorFormat(argv, io);
    io.stderr(reportError(error, { format, colors: io.terminal && io.colors, now: io.now() }));
    return exitCodeOf(error);
  }
}

async function runCommand(argv: readonly string[], { commands, io, entry }: DispatchContext): Promise<number> {
  const leading = leadingFlags(argv);
  const [before, words] = [argv.slice(0, leading), argv.slice(leading)];
  const first = words[0];
  if (first === "help") {
    io.stdout(helpFor(words.slice(1), commands));
    return EXIT.ok;
  }
  if (first === "--help" || first === "-h") {
    io.stdout(overviewPage(commands));
    return EXIT.ok;
  }
  if (first === undefined) {
    io.stderr(overviewPage(commands));
    return EXIT.usage;
  }
  if (isGroup(first, commands) && ["--help", "-h"].includes(words[1] ?? "")) {
    io.stdout(helpFor([first], commands));
    return EXIT.ok;
  }
  refuseFormer(words, before);
  const command = findCommand(first === "--version" ? ["version"] : words, commands);
  const rest = words.slice(command.name.split(" ").length);
  const { flags, args: parsed } = parseLine(command, GLOBAL_FLAGS, [...before, ...rest], (name) => io.env(name));
  if (flags["help"] === true) {
    io.stdout(commandPage(command));
    return EXIT.ok;
  }
  const logger = createLogger({
    // `parseLine` let only the words of these flags' tables through.
    level: flags["log-level"] as LogLevel,
    format: flags["log-format"] as LogFormat,
    terminal: io.terminal,
    colors: io.colors,
    write: (line) => io.stderr(line),
    now: () => io.now(),
  });
  // Which of them are lists, the command's own table has said.
  const args = parsed as PositionalValues<readonly Positional[]>;
  return await command.run({ flags, args, io, logger, entry, words: argv });
}

/** Throws USAGE_FORMER, which names the line to type, for the words of Skupper that are others here. */
function refuseFormer(words: readonly string[], before: readonly string[]): void {
  const successor = successorOf(words, before);
  if (successor === undefined) return;
  const { former, lines, note } = successor;
  const hint = `Type ${lines.map((line) => `\`${line}\``).join(", then ")}.${note === undefined ? "" : ` ${note}`}`;
  throw new TendrilError("USAGE_FORMER", `"${former}" is a word of Skupper; here it is another one`, { hint });
}

/** The command whose name the words begin with, longest first. */
function findCommand(words: readonly string[], commands: readonly Command[]): Command {
  const found = commands
    .filter((command) => command.name.split(" ").every((part, index) => words[index] === part))
    .sort((a, b) => b.name.length - a.name.length)[0];
  if (found !== undefined) return found;
  const [first = "", second] = words;
  const group = commands.filter((command) => command.name.startsWith(`${first} `)).map((command) => command.name);
  const typed = group.length > 0 && second !== undefined && !second.startsWith("-") ? `${first} ${second}` : first;
  const candidates = group.length > 0 ? group : commands.map((command) => command.name);
  const near = nearest(typed, candidates) ?? nearest(words.slice(0, 2).join(" "), candidates);
  const choice = group.length > 0 ? `Commands: ${group.map((name) => `tendril ${name}`).join(", ")}.` : undefined;
  const message = first.startsWith("-") ? `tendril has no flag ${first}` : `"${typed}" is not a command`;
  throw usage("USAGE_COMMAND", message, "", near === undefined ? choice : `Did you mean \`tendril ${near}\`?`);
}

/** True for the first word of several commands that is none by itself. */
function isGroup(word: string, commands: readonly Command[]): boolean {
  return commands.some(({ name }) => name.startsWith(`${word} `)) && !commands.some(({ name }) => name === word);
}

/** The help page for the words after `help`: a command, a group of commands, or everything. */
function helpFor(words: readonly string[], commands: readonly Command[]): string {
  const named = words.filter((word) => !word.startsWith("-"));
  if (named.length === 0) return overviewPage(commands);
  const group = commands.filter((command) => `${command.name} `.startsWith(`${named.join(" ")} `));
  const only = group.length === 1 ? group[0] : undefined;
  if (only !== undefined) return commandPage(only);
  return group.length > 1 ? overviewPage(group) : commandPage(findCommand(named, commands));
}

/** The form in which a failure is told, even one that kept the command line from being parsed. */
export function errorFormat(argv: readonly string[], io: CliIo): "text" | "json" {
  const inline = argv.includes("--log-format=json");
  const apart = argv[argv.indexOf("--log-format") + 1] === "json" && argv.includes("--log-format");
  const given = argv.some((word) => word.startsWith("--log-format"));
  return inline || apart || (!given && io.env("TENDRIL_LOG_FORMAT") === "json") ? "json" : "text";
}
