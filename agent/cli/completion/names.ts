/** Names of the resources in the folder of a site, for completion: whatever goes wrong, there are just fewer. */

import type { KnownName } from "./candidates.ts";

/** See the head of the file. Nothing is asked for that Deno does not allow already. */
export async function namesIn(dir: string): Promise<readonly KnownName[]> {
  if (Deno.permissions.querySync({ name: "read", path: dir }).state !== "granted") return [];
  const { readFolder } = await import("../../site/store/folder.ts");
  const { scanDocuments } = await import("../../site/documents.ts");
  const texts = await Promise.all(
    [dir, `${dir}/grants`].map((each) => readFolder(each).then(({ files }) => [...files], () => [])),
  );
  return texts.flat().flatMap(([file, text]) => scanDocuments(text, file).documents).map(({ kind, name, value }) => {
    const spec = value["spec"];
    const key = typeof spec === "object" && spec !== null && "routingKey" in spec ? spec.routingKey : "";
    return { kind, name, routingKey: typeof key === "string" ? key : "" };
  }).filter(({ name }) => name !== "");
}
