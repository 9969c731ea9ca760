/** Who wants to listen where: finds resources whose ports exclude each other, before anything is bound. */

const EVERYWHERE = ["", "0.0.0.0", "::"];

/** See the head of the file. */
export class PlaceTable {
  readonly #owners = new Map<number, { readonly host: string; readonly owner: string }[]>();

  /** Notes that `owner` wants `host`:`port`; the owner that has it already, or a place that it can't share with. */
  take(host: string, port: number, owner: string): string | undefined {
    const here = canonical(host);
    const owners = this.#owners.get(port) ?? [];
    const other = owners.find(({ host }) => host === here || EVERYWHERE.includes(host) || EVERYWHERE.includes(here));
    if (other !== undefined) return other.owner;
    this.#owners.set(port, [...owners, { host: here, owner }]);
    return undefined;
  }
}

function canonical(host: string): string {
  const lower = host.toLowerCase();
  return lower === "localhost" ? "127.0.0.1" : lower;
}
