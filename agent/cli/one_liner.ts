/** What `expose` and `forward` have in common: an edge that lives as long as the command. */

import type { ConnectorSpec, ListenerSpec } from "../site/spec.ts";
import type { SiteStatus } from "../site/status.ts";
import type { Logger } from "../telemetry/log.ts";
import { runForeground } from "./foreground.ts";
import type { CliIo } from "./io.ts";
import { readLinkFile } from "./link_file.ts";
import { ProcessSignals } from "./signals.ts";
import { startSite } from "./start_site.ts";

/** What the command wants. */
export interface OneLinerOptions {
  /** Beginning of the router id, which gets a random end so that it is unique in the network. */
  readonly prefix: string;
  /** Local ports to offer. */
  readonly listeners?: readonly ListenerSpec[];
  /** Local targets to offer. */
  readonly connectors?: readonly ConnectorSpec[];
  /** Path of the link file, or `-`. */
  readonly link: string;
  /** How long open connections may take to end, in milliseconds. */
  readonly graceMs: number;
  /** Give up without a link after this many milliseconds; undefined keeps trying. */
  readonly waitMs: number | undefined;
  /** Where a link file may come from. */
  readonly io: CliIo;
  /** Where changes are told. */
  readonly logger: Logger;
  /** Told of every change. */
  readonly onStatus?: (status: SiteStatus) => void;
}

const SUFFIX_OCTETS = 4;

/** Runs the edge until a signal; resolves to the exit code. */
export async function runOneLiner(options: OneLinerOptions): Promise<number> {
  using signals = new ProcessSignals();
  const { parseLinkFile } = await import("../site/link_file.ts");
  const { oneLinerSite } = await import("../site/one_liner.ts");
  const links = parseLinkFile(await readLinkFile(options.link, options.io), options.link);
  const suffix = crypto.getRandomValues(new Uint8Array(SUFFIX_OCTETS)).toHex();
  const spec = oneLinerSite({
    name: `${options.prefix}-${suffix}`,
    listeners: options.listeners ?? [],
    connectors: options.connectors ?? [],
    links,
  });
  return await runForeground(() => startSite(spec, options.logger), {
    logger: options.logger,
    signals,
    graceMs: options.graceMs,
    waitMs: options.waitMs,
    ...(options.onStatus === undefined ? {} : { onStatus: options.onStatus }),
  });
}
