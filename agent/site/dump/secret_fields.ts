/** Which texts of a resource are secrets: by the name of the field they are in, and by what that field is part of. */

/** Names of fields whose text is a secret; `tlsCredentials` is a name. */
const SECRET_FIELD =
  /passw|passphrase|^secret$|(?:access|client|api)[._-]?(?:secret|token|key)$|^token$|^code$|private[._-]?key|authorization/i;
/**
 * Names of fields that hold headers or query parameters. Any of those may carry a credential, whatever it is called: all
 * they say is taken for secret. Those of the Gateway API are here for resources that were written for it by mistake.
 */
const HEADERS = /headers?(?:modifier)?$|^queryparams$/i;
/** What of a header or parameter says only which one it is. */
const PLAIN: readonly string[] = ["name", "type", "remove"];

/** Where in a resource a value is. */
export interface Place {
  /** Name of its field; empty for a whole resource. */
  readonly name: string;
  /** True below a field that holds headers or query parameters. */
  readonly inHeaders: boolean;
}

/** Where a whole resource is. */
export const TOP: Place = { name: "", inHeaders: false };

/** Where the field `name` of the value at `place` is; items of a list are where the list is. */
export function fieldAt({ inHeaders }: Place, name: string): Place {
  return { name, inHeaders: inHeaders || HEADERS.test(name) };
}

/** True when a text at this place is a secret by the name of its field. */
export function isSecretField({ name }: Place): boolean {
  return SECRET_FIELD.test(name);
}

/** True when a text at this place is what a header or a query parameter says. */
export function isHeaderValue({ name, inHeaders }: Place): boolean {
  return inHeaders && !PLAIN.includes(name);
}
