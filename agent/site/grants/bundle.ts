/**
 * The one-file program, as the port for tokens hands it out: the running bundle itself, or the `dist/tendril.js` of the
 * source tree from which the site runs. It is read from the disk for each download, and hashed when it has changed.
 */

/** The program, as it is now. */
export interface Bundle {
  /** SHA-256 in lower-case hex. */
  readonly sha256: string;
  /** Its length in octets. */
  readonly size: number;
  /** Its octets, in pieces; whoever asks reads to the end or cancels. */
  open(): Promise<ReadableStream<Uint8Array>>;
}

/** Where the bundle is that the program at `entry` (a URL) would hand out; undefined for one that was not loaded from a file. */
export function bundlePath(entry: string): string | undefined {
  const url = new URL(entry);
  if (url.protocol !== "file:") return undefined;
  const file = url.pathname.endsWith("/agent/main.ts") ? new URL("../dist/tendril.js", url) : url;
  return decodeURIComponent(file.pathname);
}

/** Follows one file. */
export class BundleFile {
  readonly #path: string;
  #version = "";
  #sha256 = "";

  /** The file at `path`, which need not be there. */
  constructor(path: string) {
    this.#path = path;
  }

  /** The program, or undefined where it is not there or may not be read. */
  async read(): Promise<Bundle | undefined> {
    // Asked first: without an answer in advance Deno would ask whoever sits at the terminal.
    if ((await Deno.permissions.query({ name: "read", path: this.#path })).state !== "granted") return undefined;
    try {
      const { mtime, size, isFile } = await Deno.stat(this.#path);
      if (!isFile) return undefined;
      const version = `${mtime?.getTime()} ${size}`;
      if (version !== this.#version) {
        const hash = await crypto.subtle.digest("SHA-256", await Deno.readFile(this.#path));
        this.#sha256 = new Uint8Array(hash).toHex();
        this.#version = version;
      }
      return { sha256: this.#sha256, size, open: async () => (await Deno.open(this.#path)).readable };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }
}
