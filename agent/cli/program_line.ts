/** Command lines to copy: how this program was started, and words that a shell leaves as they are. */

/** `words` for a POSIX shell. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}

/** `entry` as Deno takes it: the path of a file, or an address. */
export function entryWord(entry: string): string {
  const url = new URL(entry);
  return url.protocol === "file:" ? decodeURIComponent(url.pathname) : entry;
}

/** The line that runs `words`: `tendril …` from the source tree, else `deno run` with these flags and the program. */
export function programLine(entry: string, flags: readonly string[], words: readonly string[]): string {
  if (entry.endsWith("/agent/main.ts")) return shellWords(["tendril", ...words]);
  return shellWords(["deno", "run", ...flags, entryWord(entry), ...words]);
}
