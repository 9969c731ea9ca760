/**
 * Every exported symbol of the product is documented, and no exported type refers to one that is not. All modules are
 * looked at together, so what one exports counts for all.
 */

import { isTest, readSources } from "../structure/source_tree.ts";

/** Files that take types from these can't spell them all out: a schema's type is inferred. Their words still count. */
const FOREIGN_TYPES = /from "(zod|yaml)"/;

const modules = (await readSources(["agent/", "interior/", "adaptors/"], [".ts"]))
  .filter(({ path }) => !isTest(path) && !path.includes("/assembly/"));
const inferred = modules.filter(({ text }) => FOREIGN_TYPES.test(text)).map(({ path }) => path);

const { code, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", ...modules.map(({ path }) => path)],
  cwd: new URL("../../", import.meta.url),
  env: { NO_COLOR: "1" },
  stdout: "null",
}).output();
const report = new TextDecoder().decode(stderr);
const findings = report.split(/^(?=error)/m).filter((finding) => finding.startsWith("error["));
const valid = findings.filter((finding) => {
  const file = /--> (.*?):\d+/.exec(finding)?.[1] ?? "";
  return finding.startsWith("error[missing-jsdoc]") || !inferred.some((path) => file.endsWith(`/${path}`));
});
for (const finding of valid) console.error(finding.trimEnd(), "\n");
// A failure that is no finding, such as a module that can't be read, is one all the same.
if (code !== 0 && findings.length === 0) console.error(report);
console.log(`${modules.length} modules, ${valid.length} findings`);
Deno.exit(valid.length > 0 || code !== 0 && findings.length === 0 ? 1 : 0);
