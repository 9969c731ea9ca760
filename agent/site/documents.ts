/**
 * Reads the text of a resource file, YAML with one or more documents or JSON objects one after the other, into plain
 * values that remember where they stood. No schema is applied here.
 */

import { Composer, type Document, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, Parser } from "yaml";
import { type Segment, splitConcatenatedJson } from "./concatenated_json.ts";
import { Problem, problemsError, shown } from "./problems.ts";
import { syntaxFault } from "./syntax_fault.ts";

/** Largest resource file, in octets or characters: real ones, certificates included, stay below 20,000. */
export const MAX_FILE_CHARACTERS = 1024 * 1024;
/** Tokens of a file, white space included: the parser takes long for many. A resource has about 100. */
const MAX_TOKENS = 200_000;
/** Documents in a file. */
const MAX_DOCUMENTS = 1000;
/** Nesting of a document; a resource has 6. */
const MAX_DEPTH = 64;
const TOO_DEEP = `more than ${MAX_DEPTH} levels of nesting`;
/** Aliases in one document, so that a small file can't become a large value. */
const MAX_ALIASES = 100;

/** Keys and indices from the root of a document to one of its values. */
export type FieldPath = readonly PropertyKey[];

/** One resource as it was written. */
export interface ResourceDocument {
  /** As written, or empty. */
  readonly apiVersion: string;
  /** As written, or empty. */
  readonly kind: string;
  /** metadata.name, or empty. */
  readonly name: string;
  /** The whole document. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Where it begins in the text of the file, `---` included, and where it ends, in UTF-16 code units. */
  readonly range: readonly [number, number];
  /** `file:line:column (document n)` of the value at `path`, or of the innermost one on the way that exists. */
  at(path?: FieldPath): string;
}

/** What a file holds. */
export interface ReadResult {
  /** Those that could be read. */
  readonly documents: readonly ResourceDocument[];
  /** What is wrong with the others. */
  readonly problems: readonly Problem[];
  /** True for files that are never written to. */
  readonly given?: true;
  /** One line per thing that was passed over. */
  readonly warnings?: readonly string[];
}

/** The resources in `text`; `file` is how messages name it. Throws SITE_SYNTAX or SITE_TOO_LARGE. */
export function readDocuments(text: string, file: string): readonly ResourceDocument[] {
  const { documents, problems } = scanDocuments(text, file);
  if (problems.length > 0) throw problemsError(`${file} can't be read`, problems);
  return documents;
}

/** The same, but throws nothing, whatever the text is. */
export function scanDocuments(text: string, file: string): ReadResult {
  const documents: ResourceDocument[] = [];
  const problems: Problem[] = [];
  const tooLarge = (what: string) => {
    problems.push(new Problem("SITE_TOO_LARGE", `${file} has more than ${what}`, "Split it into several files."));
    return { documents, problems };
  };
  if (text.length > MAX_FILE_CHARACTERS) return tooLarge(`${MAX_FILE_CHARACTERS} characters`);
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines.addNewLine(at + 1);
  const tokens = { left: MAX_TOKENS };
  let number = 0;
  for (const segment of splitConcatenatedJson(text)) {
    const placeIn = (document: number) => (offset: number) => {
      const { line, col } = lines.linePos(segment.offset + offset);
      return `${file}:${line}:${col} (document ${document})`;
    };
    try {
      for (const document of compose(segment, tokens)) {
        if (++number > MAX_DOCUMENTS) return tooLarge(`${MAX_DOCUMENTS} documents`);
        const [start, , end] = document.range.map((offset) => segment.offset + offset);
        const resource = readDocument(document, [start ?? 0, end ?? 0], placeIn(number), problems);
        if (resource !== undefined) documents.push(resource);
      }
    } catch (error) {
      if (error instanceof TooMuch) return tooLarge(error.message);
      // The parser looks into the environment, and Deno may be told to refuse that: no fault of the file.
      if (error instanceof Deno.errors.NotCapable) throw error;
      // The parser gives up on some inputs with an error of its own, or of the stack.
      const what = error instanceof TooDeep ? TOO_DEEP : "not valid YAML";
      problems.push(new Problem("SITE_SYNTAX", `${placeIn(number + 1)(0)}: ${what}`, "Correct the file."));
      break;
    }
  }
  return { documents, problems };
}

/** More than {@link MAX_TOKENS}. */
class TooMuch extends Error {}
/** More than {@link MAX_DEPTH}. */
class TooDeep extends Error {}

/** The documents of `segment`, counting tokens and nesting before the parser spends time on them. */
function* compose(segment: Segment, tokens: { left: number }): Generator<Document.Parsed> {
  // Duplicate keys are looked for in walk(): the library compares each key with each other.
  const composer = new Composer({ uniqueKeys: false, stringKeys: true, prettyErrors: false });
  const parser = new Parser();
  let depth = 0;
  let inScalar = false;
  for (const token of new Lexer().lex(segment.text)) {
    if (--tokens.left < 0) throw new TooMuch(`${MAX_TOKENS} tokens`);
    if (!inScalar && (token === "{" || token === "[") && ++depth > MAX_DEPTH) {
      throw new TooDeep(TOO_DEEP);
    }
    if (!inScalar && (token === "}" || token === "]")) depth--;
    inScalar = token === "\u001f"; // Announces that the next token is the text of a scalar.
    for (const item of parser.next(token)) yield* composer.next(item) as Generator<Document.Parsed>;
  }
  for (const item of parser.end()) yield* composer.next(item) as Generator<Document.Parsed>;
  yield* composer.end() as Generator<Document.Parsed>;
}

type Place = (offset: number) => string;

function readDocument(
  document: Document.Parsed,
  range: readonly [number, number],
  place: Place,
  problems: Problem[],
): ResourceDocument | undefined {
  const broken = (offset: number, what: string, hint: string) => {
    problems.push(new Problem("SITE_SYNTAX", `${place(offset)}: ${what}`, hint));
    return undefined;
  };
  const [error] = document.errors;
  if (error !== undefined) return broken(error.pos[0], syntaxFault(error.code), "Correct the file at this place.");
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return undefined;
  const start = root.range[0];
  if (!isMap(root)) return broken(start, "a resource is a mapping", "Begin with apiVersion, kind, metadata and spec.");
  const fault = walk(root);
  if (fault !== undefined) return broken(fault.offset, fault.what, "Write it the plain way.");
  let value: Record<string, unknown>;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return broken(start, "aliases can't be resolved", "Write the values out where they are used.");
  }
  const metadata = value.metadata;
  return {
    apiVersion: textOf(value.apiVersion),
    kind: textOf(value.kind),
    name: typeof metadata === "object" && metadata !== null && "name" in metadata ? textOf(metadata.name) : "",
    value,
    range,
    at: (path = []) => place(offsetOf(root, path) ?? start),
  };
}

/** What the library doesn't check, or not fast: duplicate keys, nesting, number of aliases. */
function walk(root: unknown): { offset: number; what: string } | undefined {
  const stack: { node: unknown; depth: number }[] = [{ node: root, depth: 1 }];
  let aliases = 0;
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { node, depth } = entry;
    const offset = rangeStart(node) ?? 0;
    if (depth > MAX_DEPTH) return { offset, what: TOO_DEEP };
    if (isAlias(node) && ++aliases > MAX_ALIASES) return { offset, what: `more than ${MAX_ALIASES} aliases` };
    if (isSeq(node)) { for (const item of node.items) stack.push({ node: item, depth: depth + 1 }); }
    if (!isMap(node)) continue;
    const keys = new Set<unknown>();
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? key.value : key;
      if (keys.has(name)) {
        return { offset: rangeStart(key) ?? offset, what: `key ${shown(String(name))} is there twice` };
      }
      keys.add(name);
      stack.push({ node: value, depth: depth + 1 });
    }
  }
  return undefined;
}

/** Where the value at `path` begins, or the innermost one on the way. */
function offsetOf(root: unknown, path: FieldPath): number | undefined {
  let node: unknown = root;
  let offset = rangeStart(root);
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) break;
      node = pair.value;
      offset = rangeStart(node) ?? rangeStart(pair.key) ?? offset;
    } else if (isSeq(node) && typeof step === "number") {
      node = node.items[step];
      offset = rangeStart(node) ?? offset;
    } else {
      break;
    }
  }
  return offset;
}

function rangeStart(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
