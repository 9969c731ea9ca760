/** Every command line that a user may copy from help or a document, and what it takes to run it. */

import { LOCAL_SOCKET } from "../../agent/cli/permissions.ts";
import { commands } from "../../agent/cli/table.ts";
import { readSource } from "../structure/source_tree.ts";

/** How a line is run. */
export type ExampleClass =
  /** To its end, no site runs. */
  | "alone"
  /** To its end, while hub and west run. */
  | "asking"
  /** It stays until Ctrl-C, while hub runs. */
  | "staying";

/** One line. */
export interface Example {
  /** As it is written. */
  readonly line: string;
  /** Where. */
  readonly from: string;
  /** See {@link ExampleClass}. */
  readonly kind: ExampleClass;
  /** How it must end: what only its author can have, such as a signature, is refused. */
  readonly code: number;
}

/** Documents whose lines belong to a story of their own have a test of their own, and so has README. */
const DOCUMENTS = ["docs/cli.md", "docs/debugging.md", "docs/http.md", "docs/permissions.md", "docs/tls.md"];
/** Commands that stay. */
const STAYING = /^tendril (expose|forward|run|demo)\b(?!.*(--print-permissions|--once))/;
/** Lines that need a site to run, though their command does not. */
const RUNNING = /^tendril (token redeem|apply .*--wait)\b/;
/** Lines that are shown with their refusal. */
const REFUSED: Readonly<Record<string, number>> = {
  "tendril token create west.token --expiry 30m --uses 2": 2,
  "tendril adaptor verify redis.wasm --key author.pub --signature 8b5jFs0q==": 1,
};

/** All of them, each once. */
export async function examples(): Promise<Example[]> {
  const found = new Map<string, Example>();
  const add = (line: string, from: string) => {
    if (found.has(line)) return;
    const kind = STAYING.test(line) ? "staying" : asks(line) ? "asking" : "alone";
    found.set(line, { line, from, kind, code: REFUSED[line] ?? 0 });
  };
  for (const { name, examples } of commands) for (const { line } of examples) add(line, `tendril ${name} --help`);
  for (const path of DOCUMENTS) for (const line of documentLines(await readSource(path))) add(line, path);
  return [...found.values()];
}

/** True when somebody has to run who answers: the command talks to a site, and changes no folder itself. */
function asks(line: string): boolean {
  const command = commands.filter(({ name }) => `${line} `.startsWith(`tendril ${name} `))
    .sort((one, other) => other.name.length - one.name.length)[0];
  const talks = command?.permissions.some(({ scope }) => scope === LOCAL_SOCKET) ?? false;
  const changes = command?.permissions.some(({ kind, scope }) => kind === "write" && scope === "DIR") ?? false;
  return RUNNING.test(line) || talks && !changes && command?.name !== "run";
}

/** Lines of blocks of code that run the program; those of a list of commands, and of other shells, are none. */
function documentLines(text: string): string[] {
  const blocks = [...text.matchAll(/^```\w*\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.flatMap((block) => block.split("\n"))
    .map((line) => /^(?:\$ )?(tendril .*?)(?:\s+#.*)?$/.exec(line)?.[1] ?? "")
    .filter((line) => line !== "" && !/\[flags\]|\| source$/.test(line));
}

/** The blocks of shell commands under a heading of README, in order. */
export async function readmeBlocks(heading: string): Promise<string[][]> {
  const text = await readSource("README.md");
  const section = text.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) =>
    block.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  );
}
