/** The version of this program: the one place in the source, checked against `deno.json` by a test. */
export const VERSION = "0.1.0";
