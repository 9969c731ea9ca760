/**
 * Splits JSON objects that follow each other without a separator, as `kubectl` and `skupper link generate -o json`
 * print them (control-plane 1.13), from YAML, which needs no help.
 */

/** A part of a text. */
export interface Segment {
  /** The part itself. */
  readonly text: string;
  /** Where it begins in the whole text, in UTF-16 code units. */
  readonly offset: number;
}

/** The JSON objects at the beginning of `text`, one segment each, then the rest, if there is any. */
export function* splitConcatenatedJson(text: string): Generator<Segment> {
  let offset = 0;
  for (;;) {
    const end = endOfObject(text, offset);
    if (end === undefined) break;
    const segment = { text: text.slice(offset, end), offset };
    // YAML's flow form may look like JSON: only what is JSON is cut here.
    if (!isJson(segment.text)) break;
    yield segment;
    offset = end;
  }
  const rest = text.slice(offset);
  if (rest.trim() !== "") yield { text: rest, offset };
}

/** The end of the object that begins at `offset`, after white space; undefined when there is none. */
function endOfObject(text: string, offset: number): number | undefined {
  let at = offset;
  while (at < text.length && " \t\r\n".includes(text.charAt(at))) at++;
  let depth = 0;
  let inString = false;
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (inString) {
      if (character === "\\") at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{") depth++;
    else if (character === "}") depth--;
    if (depth === 0) return character === "}" && !inString ? at + 1 : undefined;
  }
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
