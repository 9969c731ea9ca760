/** How long the files of a test run took, from what `deno test --parallel` prints of several files. */

/** One file with tests. */
export interface FileTime {
  /** Its path. */
  readonly file: string;
  /** What its tests took together, in seconds; loading it does not count. */
  readonly seconds: number;
}

const RESULT = /^\.\/(.*?) => (.*) \.\.\. (?:ok|FAILED) \((?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?(?:\d+µs)?\)$/;

/** The files of which `output`, without colours, tells results of tests. */
export function fileTimes(output: string): FileTime[] {
  const results = output.split("\n").flatMap((line) => {
    const [, file, name, minutes = 0, seconds = 0, milliseconds = 0] = RESULT.exec(line) ?? [];
    if (file === undefined || name === undefined) return [];
    return [{ file, name, seconds: Number(minutes) * 60 + Number(seconds) + Number(milliseconds) / 1000 }];
  });
  const names = new Set(results.map(({ file, name }) => `${file} ${name}`));
  const times = new Map<string, number>();
  for (const { file, name, seconds } of results) {
    if (!isStep(name, (test) => names.has(`${file} ${test}`))) times.set(file, (times.get(file) ?? 0) + seconds);
  }
  return [...times].map(([file, seconds]) => ({ file, seconds }));
}

/** Steps are told like tests, after the name of their test, and their time is in its. */
function isStep(name: string, isTest: (name: string) => boolean): boolean {
  const words = name.split(" ... ");
  return words.some((_, count) => count > 0 && isTest(words.slice(0, count).join(" ... ")));
}
