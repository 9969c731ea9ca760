/** What `expose` and `forward` have in common: an edge that lives as long as the command. */

import type { ConnectorSpec, LinkSpec, ListenerSpec } from "../site/spec.ts";
import type { SiteStatus } from "../site/status.ts";
import type { Logger } from "../telemetry/log.ts";
import { usage } from "./args.ts";
import { EXIT } from "./exit_codes.ts";
import { runForeground } from "./foreground.ts";
import type { CliIo } from "./io.ts";
import { readLinkFile } from "./link_file.ts";
import { parseMaxMemory } from "./octets.ts";
import type { OneLinerFlags } from "./one_liner_flags.ts";
import type { PermissionNeed } from "./permissions.ts";
import { printPermissions } from "./print_permissions.ts";
import { ProcessSignals } from "./signals.ts";
import { linkReach, type Reach } from "./site_reach.ts";
import { startSite } from "./start_site.ts";

/** What the command wants. */
export interface OneLinerOptions {
  /** Beginning of the router id, which gets a random end so that it is unique in the network. */
  readonly prefix: string;
  /** Local ports to offer. */
  readonly listeners?: readonly ListenerSpec[];
  /** Local targets to offer. */
  readonly connectors?: readonly ConnectorSpec[];
  /** As they were given; `link` or `token` is needed. */
  readonly flags: OneLinerFlags;
  /** Where a link file may come from. */
  readonly io: CliIo;
  /** Where changes are told. */
  readonly logger: Logger;
  /** Called once when the links are known, before anything is dialled. */
  readonly announce?: () => Promise<void>;
  /** Told of every change. */
  readonly onStatus?: (status: SiteStatus) => void;
}

const SUFFIX_OCTETS = 4;

/** What {@link oneLinerPermissions} needs of the command. */
export interface OneLinerCommand {
  /** Its permissions, as they are documented. */
  readonly needs: readonly PermissionNeed[];
  /** As they were given. */
  readonly flags: OneLinerFlags;
  /** Where the line goes. */
  readonly io: CliIo;
  /** Where the program was loaded from. */
  readonly entry: string;
  /** The command line. */
  readonly words: readonly string[];
}

/**
 * Prints the `deno run` line of a one-liner that also reaches what `reach` says, without dialling anything: a token is
 * not redeemed, and since it does not say where its link will lead, the whole host that issued it is named.
 */
export async function oneLinerPermissions(
  { needs, flags, io, entry, words }: OneLinerCommand,
  reach: Reach,
): Promise<number> {
  const { link, token } = flags;
  const [command = ""] = words;
  // A line that would be refused is not worth printing.
  parseMaxMemory(flags["max-memory"], command);
  const given = words.some((word) => /^--(link|token)(=|$)/.test(word));
  const file = token ?? link;
  if (file === undefined) throw usage("USAGE_FLAG_MISSING", "--link FILE or --token FILE is required", command);
  let links: readonly string[];
  if (token !== undefined) {
    const { readTokenFile } = await import("./token_file.ts");
    const known = await readTokenFile(token, io);
    links = known.kind === "certificate" ? linkReach([known.link], "edge") : [known.url.hostname];
  } else {
    const { parseLinkFile } = await import("../site/link_file.ts");
    links = linkReach(parseLinkFile(await readLinkFile(file, io), file), "edge");
  }
  // The line ignores the environment, from which the link may have come.
  printPermissions(io, entry, given ? words : [...words, "--link", file], needs, {
    FILE: file === "-" ? [] : [file],
    "LINK_HOST:PORT": links,
    ...reach,
  });
  return EXIT.ok;
}

/** The Links of the link file, or those that the token is redeemed for; `subject` is who redeems it. */
async function linksOf(
  { prefix, flags: { link, token }, io, logger }: OneLinerOptions,
  subject: string,
): Promise<readonly LinkSpec[]> {
  if (link !== undefined && token !== undefined) {
    const hint = "Leave one of them out; TENDRIL_LINK counts as --link.";
    throw usage("USAGE_FLAG_CONFLICT", "--link and --token: one of them is enough", prefix, hint);
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
  const { grace, wait } = options.flags;
  const maxMemory = parseMaxMemory(options.flags["max-memory"], options.prefix);
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
  await options.announce?.();
  return await runForeground(() => startSite(spec, options.logger, undefined, maxMemory), {
    logger: options.logger,
    signals,
    graceMs: grace * 1000,
    waitMs: wait === undefined ? undefined : wait * 1000,
    ...(options.onStatus === undefined ? {} : { onStatus: options.onStatus }),
  });
}
