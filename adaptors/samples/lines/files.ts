/** This sample as text: what `tendril adaptor new` makes a new plugin of. */

import index from "./assembly/index.ts" with { type: "text" };
import build from "./build.json" with { type: "text" };
import readme from "./README.md" with { type: "text" };
import transcripts from "./transcripts.yaml" with { type: "text" };

/** Files of a plugin called `name` that begins as this one: path in its folder -> content. */
export function filesFor(name: string): Readonly<Record<string, string>> {
  return {
    "assembly/index.ts": index.replaceAll('"lines"', `"${name}"`),
    "build.json": build,
    "README.md": readme.replace(/\blines\b/g, name),
    "transcripts.yaml": transcripts,
  };
}
