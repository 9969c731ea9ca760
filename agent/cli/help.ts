/** Help pages, made from the command table. */

import { placeholder } from "./args.ts";
import type { Command, Flag, FlagTable } from "./command.ts";
import { EXIT, EXIT_MEANING, type ExitName } from "./exit_codes.ts";
import { GLOBAL_FLAGS } from "./flags.ts";
import { NAMESPACES_PERMISSION } from "./namespaces_folder.ts";
import { NO_ENVIRONMENT, permissionFlags } from "./permissions.ts";

const WIDTH = 100;

/** The page of `tendril help` and of `tendril` alone. */
export function overviewPage(commands: readonly Command[]): string {
  return page([
    ["", ["tendril joins a Virtual Application Network: it links out over mutual TLS and carries TCP by name."]],
    ["Usage", ["tendril COMMAND [flags]", "tendril help COMMAND"]],
    ["Commands", table(commands.map((command) => [command.name, command.summary]))],
    ["Flags of every command", table(flagRows(GLOBAL_FLAGS))],
    ["Example", ["$ tendril demo --once"]],
  ]);
}

/** The page of one command. */
export function commandPage(command: Command): string {
  const exits: ExitName[] = ["ok", "failure", "usage", ...command.exits];
  return page([
    ["", [`tendril ${command.name}: ${command.summary}`, "", ...wrap(command.description, WIDTH)]],
    ["Usage", [usageLine(command)]],
    ["Arguments", table(command.positionals.map((positional) => [positional.placeholder, positional.help]))],
    ["Flags", table(flagRows(command.flags))],
    ["Flags of every command", table(flagRows(GLOBAL_FLAGS))],
    ["Examples", command.examples.flatMap((example) => [`# ${example.title}`, `$ ${example.line}`])],
    ["Permissions", permissionLines(command)],
    ["Exit codes", table(exits.map((name) => [String(EXIT[name]), EXIT_MEANING[name]]))],
  ]);
}

/** `tendril run DIR [flags]`, required flags spelled out. */
export function usageLine(command: Command): string {
  const required = Object.entries(command.flags)
    .filter(([, flag]) => flag.kind === "text" && flag.required)
    .map(([name, flag]) => `--${name} ${placeholder(flag)}`);
  const words = command.positionals.map(({ placeholder, optional, many }) => {
    const word = many ? `${placeholder}...` : placeholder;
    return optional ? `[${word}]` : word;
  });
  return ["tendril", command.name, ...words, ...required, "[flags]"].join(" ");
}

function permissionLines(command: Command): string[] {
  if (command.permissions.length === 0) return ["none"];
  const flags = permissionFlags(command.permissions);
  const reasons = command.permissions.map(({ kind, scope, why, optional }): readonly [string, string] => [
    `--allow-${kind}=${scope}`,
    optional ? `${why} (optional)` : why,
  ]);
  if (command.flags["namespace"] !== undefined) reasons.push([NAMESPACES_PERMISSION.flag, NAMESPACES_PERMISSION.why]);
  reasons.push([NO_ENVIRONMENT, "no variable is needed; --allow-env=TENDRIL_LOG_LEVEL and the like may be added"]);
  return [`$ deno run ${flags.join(" ")} …`, ...table(reasons)];
}

function flagRows(flags: FlagTable): Array<readonly [string, string]> {
  return Object.entries(flags).map(([name, flag]) => {
    const value = placeholder(flag);
    const short = flag.short === undefined ? "" : `-${flag.short}, `;
    return [`${short}--${name}${value === "" ? "" : ` ${value}`}`, `${flag.help}${flagNotes(flag)}`];
  });
}

function flagNotes(flag: Flag): string {
  const notes: string[] = [];
  if ("default" in flag && flag.default !== undefined) notes.push(`default ${flag.default}`);
  if (flag.kind === "text" && flag.required) notes.push("required");
  if (flag.kind === "list") notes.push("may be given more than once");
  if (flag.env !== undefined) notes.push(`or ${flag.env}`);
  return notes.length === 0 ? "" : ` (${notes.join(", ")})`;
}

/** Two columns; the second is wrapped under itself. */
function table(rows: ReadonlyArray<readonly [string, string]>): string[] {
  const width = Math.min(36, Math.max(0, ...rows.map(([left]) => left.length)) + 2);
  return rows.flatMap(([left, right]) => {
    const [first = "", ...rest] = wrap(right, WIDTH - width);
    const lines = left.length < width ? [`${left.padEnd(width)}${first}`] : [left, `${" ".repeat(width)}${first}`];
    return [...lines, ...rest.map((line) => `${" ".repeat(width)}${line}`)];
  });
}

/** Breaks paragraphs at spaces; empty lines stay. */
function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines = [""];
    for (const word of paragraph.split(" ")) {
      const last = lines.length - 1;
      const joined = lines[last] === "" ? word : `${lines[last]} ${word}`;
      if (joined.length > width && lines[last] !== "") lines.push(word);
      else lines[last] = joined;
    }
    return lines;
  });
}

/** Sections with a title and indented lines; empty ones are left out. */
function page(sections: ReadonlyArray<readonly [string, readonly string[]]>): string {
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) =>
      title === "" ? lines.join("\n") : `${title}:\n${lines.map((line) => `  ${line}`.trimEnd()).join("\n")}`
    )
    .join("\n\n") + "\n";
}
