/**
 * What is wrong with a text that is no YAML, in our words: the library's own may quote the text, and with it a key or a
 * password.
 */

import type { ErrorCode } from "yaml";

const FAULTS: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: "an alias can't have an anchor or a tag",
  BAD_ALIAS: "this alias is not valid",
  BAD_COLLECTION_TYPE: "the tag doesn't fit this collection",
  BAD_DIRECTIVE: "this directive is not valid",
  BAD_DQ_ESCAPE: "this escape sequence is not valid",
  BAD_INDENT: "this line is not indented as the ones around it",
  BAD_PROP_ORDER: "an anchor or a tag must stand before the indicator",
  BAD_SCALAR_START: "a plain text can't begin with this character, quote it",
  BLOCK_AS_IMPLICIT_KEY: "nested mappings can't share one line",
  BLOCK_IN_FLOW: "block form inside brackets is not allowed",
  DUPLICATE_KEY: "this key is there twice",
  KEY_OVER_1024_CHARS: "this key is too long",
  MISSING_CHAR: "a character is missing, such as a closing quote, a bracket, a colon or a comma",
  MULTILINE_IMPLICIT_KEY: "a key must stand on one line, or a colon is missing",
  MULTIPLE_ANCHORS: "a value can have one anchor",
  MULTIPLE_TAGS: "a value can have one tag",
  NON_STRING_KEY: "a key must be a text",
  RESOURCE_EXHAUSTION: "this is nested too deeply",
  TAB_AS_INDENT: "tabs can't be used to indent",
  TAG_RESOLVE_FAILED: "this tag doesn't fit its value",
  UNEXPECTED_TOKEN: "this is not expected here",
};

/** A description of the parser's error `code`. */
export function syntaxFault(code: ErrorCode): string {
  return FAULTS[code] ?? "not valid YAML";
}
