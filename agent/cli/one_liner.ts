/** What `expose` and `forward` have in common: an edge that lives as long as the command. */

import type { ConnectorSpec, LinkSpec, ListenerSpec } from "../site/spec.ts";
import type { SiteStatus } from "../site/status.ts";
import type { Logger } from "../telemetry/log.ts";
import { usage } from "./args.ts";
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
  /** Path of the link file, or `-`; this or a token is needed. */
  readonly link: string | undefined;
  /** Path of a token, or `-`. */
  readonly token: string | undefined;
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

/** The Links of the link file, or those that the token is redeemed for; `subject` is who redeems it. */
async function linksOf(
  { prefix, link, token, io, logger }: OneLinerOptions,
  subject: string,
): Promise<readonly LinkSpec[]> {
  if (link !== undefined && token !== undefined) {
    const hint = "Leave one of them out; TENDRIL_LINK counts as --link.";
    throw usage("USAGE_FLAG_CONFLICT", "--link and --token are given both", prefix, hint);
  }
  if (token !== undefined) {
    const { readTokenFile } = await import("./token_file.ts");
    const { redeemToken } = await import("../site/tokens/redeem.ts");
    const { links } = await redeemToken(await readTokenFile(token, io), subject);
    logger.info("token redeemed", { links: links.map(({ name }) => name).join(" ") });
    return links;
  }
  if (link === undefined) throw usage("USAGE_FLAG_MISSING", "--link FILE or --token FILE is required", prefix);
  const { parseLinkFile } = await import("../site/link_file.ts");
  return parseLinkFile(await readLinkFile(link, io), link);
}

/** Runs the edge until a signal; resolves to the exit code. */
export async function runOneLiner(options: OneLinerOptions): Promise<number> {
  using signals = new ProcessSignals();
  const { oneLinerSite } = await import("../site/one_liner.ts");
  const suffix = crypto.getRandomValues(new Uint8Array(SUFFIX_OCTETS)).toHex();
  const name = `${options.prefix}-${suffix}`;
  const links = await linksOf(options, name);
  const spec = oneLinerSite({
    name,
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
