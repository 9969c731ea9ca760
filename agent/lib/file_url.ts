/** Stands in for `fromFileUrl` of @std/path. */

/** The path of a `file:` URL on this system; other URLs stay as they are. */
export function fromFileUrl(url: URL): string {
  return url.protocol === "file:" ? decodeURIComponent(url.pathname) : url.href;
}
