/** Events of folders. They are of the folders that had these paths to begin with, not of others that take their place. */

/** See the head of the file. */
export class FolderEvents {
  readonly #identities: string;
  readonly #paths: readonly string[];
  readonly #events: Deno.FsWatcher;
  /** One of the folders is gone: another may have got its number, too. */
  #gone = false;
  readonly #over: Promise<void>;

  /** Calls `onEvent` with the paths of what has changed. Throws when `paths` can't be watched. */
  constructor(paths: readonly string[], recursive: boolean, onEvent: (paths: readonly string[]) => void) {
    this.#identities = identitiesOf(paths);
    this.#paths = paths.map((path) => Deno.realPathSync(path));
    this.#events = Deno.watchFs([...paths], { recursive });
    this.#over = this.#listen(onEvent);
  }

  /** Which folders they are of, as {@link identitiesOf} says it. */
  get identities(): string {
    return this.#gone ? "gone" : this.#identities;
  }

  /** Ends them. Whoever watches another folder by the same path waits for that: until then Deno takes it for the old one. */
  async close(): Promise<void> {
    this.#events.close();
    await this.#over;
  }

  async #listen(onEvent: (paths: readonly string[]) => void): Promise<void> {
    for await (const { kind, paths } of this.#events) {
      if (kind === "access") continue; // Our own reading.
      if (kind === "remove" && paths.some((path) => this.#paths.includes(path))) this.#gone = true;
      onEvent(paths);
    }
  }
}

/** Which folders are at `paths` now, in words that are others when one of them is another; those that are not there are left out. */
export function identitiesOf(paths: readonly string[]): string {
  return foldersAt(paths).map(({ path, stat: { dev, ino, birthtime } }) =>
    `${path} ${dev} ${ino} ${birthtime?.getTime()}`
  ).join();
}

/** Those of `paths` at which there are folders. */
export function existing(paths: readonly string[]): string[] {
  return foldersAt(paths).map(({ path }) => path);
}

function foldersAt(paths: readonly string[]): { readonly path: string; readonly stat: Deno.FileInfo }[] {
  return paths.flatMap((path) => {
    try {
      const stat = Deno.statSync(path);
      return stat.isDirectory ? [{ path, stat }] : [];
    } catch {
      return [];
    }
  });
}
