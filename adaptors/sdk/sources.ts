/**
 * The AssemblyScript SDK as text: what `import … from "tendril/NAME"` means in a plugin, wherever the plugin is and however this
 * program was loaded. The compiler asks for it by {@link sdkSource}.
 */

import abi from "./assembly/abi.ts" with { type: "text" };
import buffers from "./assembly/buffers.ts" with { type: "text" };
import constants from "./assembly/constants.ts" with { type: "text" };
import describe from "./assembly/describe.ts" with { type: "text" };
import emit from "./assembly/emit.ts" with { type: "text" };
import headReader from "./assembly/head_reader.ts" with { type: "text" };
import headWriter from "./assembly/head_writer.ts" with { type: "text" };
import reader from "./assembly/reader.ts" with { type: "text" };
import text from "./assembly/text.ts" with { type: "text" };
import writer from "./assembly/writer.ts" with { type: "text" };

/** Name of the package that the SDK is to a plugin. */
export const SDK_PACKAGE = "tendril";

/** Every module of the SDK: file name -> source. */
export const sdkSources: Readonly<Record<string, string>> = {
  "abi.ts": abi,
  "buffers.ts": buffers,
  "constants.ts": constants,
  "describe.ts": describe,
  "emit.ts": emit,
  "head_reader.ts": headReader,
  "head_writer.ts": headWriter,
  "reader.ts": reader,
  "text.ts": text,
  "writer.ts": writer,
};

/**
 * The module that the compiler looks for under `name`, a path relative to the plugin: undefined when it is the plugin's own,
 * null when the SDK would have it and has not.
 */
export function sdkSource(name: string): string | null | undefined {
  const prefix = `node_modules/${SDK_PACKAGE}/`;
  if (!name.startsWith(prefix)) return undefined;
  const file = name.slice(prefix.length);
  return Object.hasOwn(sdkSources, file) ? sdkSources[file] : null;
}
