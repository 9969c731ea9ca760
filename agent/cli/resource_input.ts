/** Reads the resources that `-f` names: files, folders of files, stdin. */

import { TendrilError } from "../lib/errors.ts";
import type { Incoming } from "../site/store/edit.ts";
import type { Logger } from "../telemetry/log.ts";
import type { CliIo } from "./io.ts";

/** The resources of all `paths`, in their order; those of kinds that no site has are passed over with a warning. */
export async function readResourceInput(paths: readonly string[], io: CliIo, logger: Logger): Promise<Incoming[]> {
  const { incoming } = await import("../site/store/edit.ts");
  const { readDocuments } = await import("../site/documents.ts");
  const { KINDS } = await import("../site/resources/kinds.ts");
  const resources: Incoming[] = [];
  for (const path of paths) {
    for (const [name, text] of await readTexts(path, io)) {
      for (const resource of incoming(text, readDocuments(text, name))) {
        const { kind } = resource.document;
        if (KINDS.some((known) => known.kind === kind)) resources.push(resource);
        else logger.warn("not a resource of a site, passed over", { kind, at: resource.document.at() });
      }
    }
  }
  if (resources.length > 0) return resources;
  throw new TendrilError("INPUT_EMPTY", `there are no resources in ${paths.join(", ")}`, {
    hint: "Name a file with resources such as `tendril explain Listener` describes.",
  });
}

async function readTexts(path: string, io: CliIo): Promise<Array<readonly [string, string]>> {
  const { MAX_FILE_CHARACTERS } = await import("../site/documents.ts");
  const { readFile, readFolder } = await import("../site/store/folder.ts");
  const { problemsError } = await import("../site/problems.ts");
  if (path === "-") return [["stdin", await io.stdin(MAX_FILE_CHARACTERS)]];
  const isFolder = await Deno.stat(path).then(({ isDirectory }) => isDirectory, (cause) => {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("INPUT_UNREADABLE", `can't read ${path}`, { cause, hint: "Check the path." });
  });
  if (isFolder) {
    const { files, problems } = await readFolder(path);
    if (problems.length > 0) throw problemsError(`${path} can't be read`, problems);
    return [...files].map(([name, text]) => [`${path.replace(/\/$/, "")}/${name}`, text] as const);
  }
  const text = await readFile(path);
  if (typeof text !== "string") throw problemsError(`${path} can't be read`, [text]);
  return [[path, text]];
}
