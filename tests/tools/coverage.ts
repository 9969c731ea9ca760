/**
 * Measures which lines of the AMQP engine its own tests reach, codec included, and fails below {@link REQUIRED}.
 * Prints the files that are below it, and the figure of the whole.
 */

const ROOM = "agent/amqp";
/** Share of lines, in percent. */
const REQUIRED = 90;

interface FileCoverage {
  readonly path: string;
  readonly lines: number;
  readonly reached: number;
}

const profile = await Deno.makeTempDir({ prefix: "tendril-coverage-" });
try {
  await deno("test", "-A", "--quiet", `--coverage=${profile}`, ROOM);
  const report = await deno(
    "coverage",
    "--quiet",
    "--lcov",
    `--include=/${ROOM}/`,
    "--exclude=_test\\.|/testing_",
    profile,
  );
  const files = readLcov(report);
  for (const file of files) if (percent([file]) < REQUIRED) console.log(`${percent([file]).toFixed(1)} % ${file.path}`);
  const reached = percent(files);
  console.log(`coverage of ${ROOM}: ${reached.toFixed(1)} % of lines in ${files.length} files, required ${REQUIRED} %`);
  // Written so that a report without lines fails as well.
  if (!(reached >= REQUIRED)) Deno.exitCode = 1;
} finally {
  await Deno.remove(profile, { recursive: true });
}

async function deno(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
  const text = new TextDecoder().decode(stdout);
  if (code !== 0) throw new Error(`deno ${args[0]} failed\n${text}${new TextDecoder().decode(stderr)}`);
  return text;
}

/** The files of an lcov report, by its lines `SF:`, `LF:` and `LH:`. */
function readLcov(report: string): FileCoverage[] {
  return report.split("end_of_record").filter((record) => record.includes("SF:")).map((record) => {
    const path = /^SF:(.*)$/m.exec(record)?.[1] ?? "";
    return { path: path.slice(path.indexOf(ROOM)), lines: field(record, "LF"), reached: field(record, "LH") };
  });
}

function field(record: string, name: string): number {
  const value = new RegExp(`^${name}:(\\d+)$`, "m").exec(record)?.[1];
  if (value === undefined) throw new Error(`no ${name} in the coverage report`);
  return Number(value);
}

function percent(files: readonly FileCoverage[]): number {
  const sum = (pick: (file: FileCoverage) => number) => files.reduce((total, file) => total + pick(file), 0);
  return 100 * sum(({ reached }) => reached) / sum(({ lines }) => lines);
}
