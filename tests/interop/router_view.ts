/** What a router says of its network: the tables of `skstat`, which lies beside the binary of the C router. */

import { run } from "../support/processes.ts";

/** One line of a table, by the names of its columns. */
export type Row = Readonly<Record<string, string>>;

/** `-g` the router itself, `-n` routers, `-c` connections, `-l` links, `-a` addresses, `-p` policy. */
export type Table = "-g" | "-n" | "-c" | "-l" | "-a" | "-p";

/** Asks the router behind the AMQP port `port`, or through it `-r ROUTER` or `-d EDGE`. */
export async function table(
  binary: string,
  port: number,
  which: Table,
  through: readonly string[] = [],
): Promise<Row[]> {
  const skstat = binary.replace(/[^/]*$/, "skstat");
  // Costs and neighbours are details, and links have none that can be shown (skstat 3.5.1).
  const detail = which === "-n" ? ["-v"] : [];
  const { code, stdout, stderr } = await run(skstat, ["-b", `127.0.0.1:${port}`, which, ...detail, ...through]);
  if (code !== 0) throw new Error(`skstat ${which}: ${stderr}${stdout}`);
  return rows(stdout);
}

/** The lines of all tables in `text`. Columns begin where their heads begin; a head may have single spaces in it. */
function rows(text: string): Row[] {
  const found: Row[] = [];
  const lines = text.split("\n");
  let heads: RegExpExecArray[] = [];
  lines.forEach((line, at) => {
    if (/^\s*=+$/.test(line)) heads = [...(lines[at - 1] ?? "").matchAll(/\S+(?: \S+)*/g)];
    else if (line.trim() === "") heads = [];
    else if (heads.length > 0) found.push(cells(line, heads));
  });
  return found;
}

function cells(line: string, heads: readonly RegExpExecArray[]): Row {
  return Object.fromEntries(
    heads.map((head, at) => [head[0], line.slice(head.index, heads[at + 1]?.index).trim()]),
  );
}
