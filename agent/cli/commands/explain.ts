/** `tendril explain KIND[.field]`: what a kind of resource or one of its fields means. */

import type { Field } from "../../site/resources/fields.ts";
import { usage } from "../args.ts";
import { table } from "../columns.ts";
import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { OUTPUT_FLAG } from "../flags.ts";
import { structured } from "../format.ts";
import { nearest } from "../../lib/suggest.ts";

/** See the summary. */
export const explain: Command = defineCommand({
  name: "explain",
  summary: "say what a kind of resource, or one of its fields, means",
  description:
    "Shows the fields of a kind as Tendril reads them: what may be written, whether it must be there, what becomes of it " +
    "(acting, accepted with a warning, refused) and what it means. With -o json as JSON Schema.",
  positionals: [{
    name: "what",
    placeholder: "KIND",
    help: "A kind such as Listener, or a field: Listener.spec.host.",
  }],
  flags: { output: OUTPUT_FLAG },
  examples: [
    { title: "what a Listener consists of", line: "tendril explain Listener" },
    { title: "one field; spec. may be left out", line: "tendril explain Link.endpoints" },
  ],
  exits: [],
  permissions: [],
  async run({ args, flags, io }) {
    const { KINDS } = await import("../../site/resources/kinds.ts");
    const { fieldsOf, jsonSchema } = await import("../../site/resources/fields.ts");
    const [wanted = "", ...steps] = args.what.split(".");
    const kind = KINDS.find(({ kind }) => kind.toLowerCase() === wanted.toLowerCase());
    if (kind === undefined) {
      const near = nearest(wanted, KINDS.map(({ kind }) => kind));
      const hint = near === undefined ? `Kinds: ${KINDS.map(({ kind }) => kind).join(", ")}.` : `Did you mean ${near}?`;
      throw usage("USAGE_KIND", `there is no kind ${wanted}`, "explain", hint);
    }
    const all = fieldsOf(kind);
    const fields = steps.length === 0 ? all : within(all, steps.join("."));
    if (fields.length === 0) {
      const near = nearest(steps.at(-1) ?? "", all.map(({ path }) => path.split(".").at(-1) ?? ""));
      const hint = near === undefined ? `See \`tendril explain ${kind.kind}\`.` : `Did you mean ${near}?`;
      throw usage("USAGE_KIND", `a ${kind.kind} has no field ${steps.join(".")}`, "explain", hint);
    }
    if (flags.output !== "text") {
      io.stdout(await structured(flags.output, steps.length === 0 ? jsonSchema(kind) : fields));
      return EXIT.ok;
    }
    const rows = fields.map(({ path, type, required, support, description }) => [
      path,
      type,
      required ? "yes" : "",
      support,
      description,
    ]);
    const style = { colors: io.stdoutTerminal && io.colors };
    const heads = ["FIELD", "VALUE", "REQUIRED", "SUPPORT", "MEANING"];
    io.stdout([
      `${kind.kind} (${kind.apiVersion}): ${kind.summary}`,
      ...(kind.unused === undefined ? [] : [`It is accepted with a warning. ${kind.unused}`]),
      "",
      ...table("Fields", heads, rows, style),
      "",
    ].join("\n"));
    return EXIT.ok;
  },
});

/** The field at `path`, which may lack its `spec.` and the `[]` of lists, and those below it. */
function within(fields: readonly Field[], path: string): Field[] {
  const plain = (text: string) => text.replaceAll("[]", "").toLowerCase();
  const wanted = plain(path);
  return fields.filter((field) =>
    [wanted, `spec.${wanted}`].some((root) => plain(field.path) === root || plain(field.path).startsWith(`${root}.`))
  );
}
