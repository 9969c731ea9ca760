/**
 * What putting resources into the files of a folder, or taking them out, does to those files: texts in, texts out.
 * Comments and whatever else a file holds stay as they are.
 */

import { stringify } from "yaml";
import { TendrilError } from "../../lib/errors.ts";
import { type ResourceDocument, scanDocuments } from "../documents.ts";
import { type ResourceRef, shown } from "../problems.ts";
import type { FileChanges } from "./journal.ts";
import { resourceFile } from "./resource_file.ts";

/** What is to be done with one resource. */
export interface ResourceChange extends ResourceRef {
  /** What becomes of it in the folder. */
  readonly action: "create" | "update" | "delete" | "unchanged";
  /** The file that it lives in, or will. */
  readonly file: string;
}

/** A change of a folder. */
export interface Edit {
  /** One per resource, in the order in which they were given. */
  readonly changes: readonly ResourceChange[];
  /** The files that become others. */
  readonly files: FileChanges;
}

/** A resource that is to be in the folder. */
export interface Incoming {
  /** As it was read. */
  readonly document: ResourceDocument;
  /** Its text, without the marks around documents. */
  readonly text: string;
}

interface Place {
  readonly file: string;
  readonly document: ResourceDocument;
}

/** The resources in `text`, as they may be put into another file; `name` is how messages name it. */
export function incoming(text: string, documents: readonly ResourceDocument[]): Incoming[] {
  return documents.map((document) => {
    const source = text.slice(...document.range);
    // Directives stand before the mark, and nowhere else.
    const plain = /^%/m.test(source) ? stringify(document.value) : source.replace(/^\s*---[ \t]*\n?/, "");
    return { document, text: `${plain.replace(/\n\.\.\.\s*$/, "").trimEnd()}\n` };
  });
}

/** Puts `resources` into `files`: each where one of its kind and name stands, else into a file of its own. */
export function editToApply(files: ReadonlyMap<string, string>, resources: readonly Incoming[]): Edit {
  const folder = new Folder(files);
  const seen = new Map<string, ResourceDocument>();
  const changes = resources.map(({ document, text }): ResourceChange => {
    const { kind, name } = document;
    const twice = seen.get(`${kind} ${name}`);
    if (twice !== undefined) throw duplicate(document, [twice.at(), document.at()]);
    seen.set(`${kind} ${name}`, document);
    const places = folder.find(document);
    const same = places.filter((place) => isSame(place.document, document));
    if (places.length > 0 && same.length === places.length) {
      return { action: "unchanged", kind, name, file: places[0]!.file };
    }
    if (places.length > 1) throw duplicate(document, places.map((place) => place.document.at()));
    const place = places[0];
    if (place === undefined) return { action: "create", kind, name, file: folder.create(document, text) };
    folder.replace(place, document, text);
    return { action: "update", kind, name, file: place.file };
  });
  return { changes, files: folder.finish() };
}

/** Takes the resources `refs` out of `files`, each once. Throws SITE_UNKNOWN when there is no such resource. */
export function editToDelete(files: ReadonlyMap<string, string>, refs: readonly ResourceRef[]): Edit {
  const folder = new Folder(files);
  // A command line and its files may name one twice, and a range that is cut twice takes of what follows it.
  const once = new Map(refs.map((ref) => [`${ref.kind.toLowerCase()} ${ref.name}`, ref]));
  const changes = [...once.values()].flatMap(({ kind, name }): ResourceChange[] => {
    const places = folder.find({ kind, name });
    if (places.length === 0) {
      throw new TendrilError("SITE_UNKNOWN", `there is no ${kind} ${shown(name)} in the folder`, {
        hint: "See `tendril status` or the files for what there is.",
      });
    }
    return places.map((place) => {
      folder.remove(place);
      return { action: "delete", kind: place.document.kind, name, file: place.file };
    });
  });
  return { changes, files: folder.finish() };
}

/** True when both say the same; what Kubernetes adds counts for nothing. */
export function isSame(one: ResourceDocument, other: ResourceDocument): boolean {
  return canonical(one.value) === canonical(other.value);
}

function canonical(value: ResourceDocument["value"]): string {
  const { status: _status, metadata, ...rest } = value;
  const known = typeof metadata === "object" && metadata !== null ? metadata : {};
  const {
    creationTimestamp: _created,
    resourceVersion: _version,
    generation: _generation,
    managedFields: _fields,
    ...own
  } = known as Record<string, unknown>;
  return JSON.stringify(sorted({ ...rest, metadata: own }));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => [k, sorted(v)]));
}

function duplicate({ kind, name }: ResourceRef, places: readonly string[]): TendrilError {
  return new TendrilError("SITE_DUPLICATE", `${kind} ${shown(name)} is there more than once: ${places.join(", ")}`, {
    hint: "Keep one of them.",
  });
}

/** One text instead of a part of a file. */
interface Replacement {
  readonly range: readonly [number, number];
  readonly text: string;
}

/** Files that are being changed. */
class Folder {
  readonly #files: ReadonlyMap<string, string>;
  readonly #places: readonly Place[];
  readonly #replacements = new Map<string, Replacement[]>();
  readonly #created = new Map<string, string>();

  constructor(files: ReadonlyMap<string, string>) {
    this.#files = files;
    this.#places = [...files].flatMap(([file, text]) =>
      scanDocuments(text, file).documents.map((document) => ({ file, document }))
    );
  }

  /** Where the resource stands; kinds are told apart without regard to case. */
  find({ kind, name }: ResourceRef): Place[] {
    return this.#places.filter(({ document }) =>
      document.kind.toLowerCase() === kind.toLowerCase() && document.name === name
    );
  }

  /** Puts the resource into a new file, whose name comes back. */
  create({ kind, name }: ResourceRef, text: string): string {
    for (let number = 0;; number++) {
      const file = resourceFile(kind, name, number);
      if (this.#files.has(file) || this.#created.has(file)) continue;
      this.#created.set(file, text);
      return file;
    }
  }

  replace({ file, document }: Place, by: ResourceDocument, text: string): void {
    const json = file.endsWith(".json");
    const first = !this.#textOf(file).slice(...document.range).startsWith("---");
    const body = json ? `${JSON.stringify(by.value, null, 2)}\n` : `${first ? "" : "---\n"}${text}`;
    this.#change(file, { range: document.range, text: body });
  }

  remove({ file, document }: Place): void {
    this.#change(file, { range: document.range, text: "" });
  }

  /** The files as they will be. */
  finish(): FileChanges {
    const changes = new Map<string, string | null>(this.#created);
    for (const [file, replacements] of this.#replacements) {
      let text = this.#textOf(file);
      // From the end, so that what stands before keeps its place.
      for (const { range: [start, end], text: part } of replacements.sort((a, b) => b.range[0] - a.range[0])) {
        text = text.slice(0, start) + part + text.slice(end);
      }
      const { documents, problems } = scanDocuments(text, file);
      changes.set(file, documents.length === 0 && problems.length === 0 ? null : text);
    }
    return changes;
  }

  #textOf(file: string): string {
    return this.#files.get(file) ?? "";
  }

  #change(file: string, replacement: Replacement): void {
    this.#replacements.set(file, [...this.#replacements.get(file) ?? [], replacement]);
  }
}
