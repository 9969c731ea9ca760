/** `tendril run DIR`: the site that a folder of YAML describes, in the foreground. */

import { type Command, defineCommand } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { formatEndpoint } from "../../lib/endpoint.ts";
import { parseTarget } from "../endpoint.ts";
import { GRACE_FLAG, MAX_MEMORY_FLAG, METRICS_FLAG, PRINT_PERMISSIONS_FLAG } from "../flags.ts";
import { runForeground } from "../foreground.ts";
import { parseMaxMemory } from "../octets.ts";
import { LOCAL_SOCKET, type PermissionNeed } from "../permissions.ts";
import type { MetricsServer } from "../../site/metrics_server.ts";
import { keepingLogger, LogRing } from "../../telemetry/log_ring.ts";
import { ProcessSignals } from "../signals.ts";
import { startSite } from "../start_site.ts";

/** What running a site takes. */
export const RUN_NEEDS: readonly PermissionNeed[] = [
  { kind: "read", scope: "DIR", why: "the site's resources, and to hear of changes" },
  { kind: "write", scope: "DIR/run", why: "the socket at which other commands ask the running site" },
  { kind: "net", scope: "LINK_HOST:PORT", why: "edge: each endpoint of its links" },
  { kind: "net", scope: "LISTENER_HOST:PORT", why: "each listener's own address" },
  { kind: "net", scope: "TARGET_HOST:PORT", why: "each connector's target" },
  { kind: "net", scope: "ACCESS_HOST:PORT", why: "interior: each port that accepts peers" },
  { kind: "net", scope: "PLUGIN_HOST:PORT", why: "each server of plugins that its Adaptors name", optional: true },
  {
    kind: "write",
    scope: "DIR/grants",
    why: "interior that issues tokens: how often each was redeemed",
    optional: true,
  },
  {
    kind: "write",
    scope: "DIR/plugin-store",
    why: "interior that stores plugins for other sites",
    optional: true,
  },
  {
    kind: "write",
    scope: "DIR",
    why: "the links that AccessTokens become, and certificates that are made or renewed",
    optional: true,
  },
  {
    kind: "sys",
    scope: "hostname,networkInterfaces",
    why: "interior without a certificate: this machine's names in the one that it makes",
    optional: true,
  },
  {
    kind: "net",
    scope: "GRANT_HOST:PORT",
    why: "the port at which tokens are issued, or each at which AccessTokens are redeemed",
    optional: true,
  },
  {
    kind: "read",
    scope: "BUNDLE",
    why: "interior that issues tokens: the program that it hands out, dist/tendril.js or itself",
    optional: true,
  },
  { kind: "net", scope: "METRICS_HOST:PORT", why: "with --metrics: its port", optional: true },
  { kind: "run", scope: "PROGRAM", why: "health checks that are commands", optional: true },
  { kind: "read", scope: "ROOTS", why: "TLS to targets by the CAs that the machine trusts", optional: true },
  { kind: "net", scope: LOCAL_SOCKET, why: "that socket, by the absolute path of DIR" },
];

/** See the summary. */
export const run: Command = defineCommand({
  name: "run",
  summary: "run the site that a folder describes, in the foreground",
  description:
    "Reads every .yaml, .yml and .json file in DIR (Skupper v2alpha1 resources: exactly one Site, and its Links, " +
    "AccessTokens, Listeners, Connectors, Adaptors, RouterAccesses and Secrets) and runs that site: an edge links out to an interior, an " +
    "interior accepts edges. State changes are logged on stderr. When files change, what is different " +
    "is applied, and nothing else is touched. Commands with --dir DIR ask the running site by a socket " +
    "in DIR/run; tokens issued with `tendril token issue` are redeemed at its own port.\n\n" +
    "The first Ctrl-C or SIGTERM refuses new clients and lets open connections end; the second stops at once.",
  positionals: [{ name: "dir", placeholder: "DIR", site: "there", help: "The folder with the site's resources." }],
  flags: {
    grace: GRACE_FLAG,
    "max-memory": MAX_MEMORY_FLAG,
    metrics: METRICS_FLAG,
    "print-permissions": PRINT_PERMISSIONS_FLAG,
  },
  examples: [
    { title: "run a site that `tendril site create` or Skupper's own files describe", line: "tendril run ./west" },
    {
      title: "as a service: JSON logs, and 30 seconds to drain",
      line: "tendril run ./west --log-format json --grace 30",
    },
    { title: "on a small box: shed load rather than run out", line: "tendril run ./west --max-memory 256M" },
    { title: "the site in a namespace", line: "tendril run -n west" },
    { title: "with metrics for Prometheus", line: "tendril run ./west --metrics 127.0.0.1:9464" },
    { title: "under which flags does it run with the least?", line: "tendril run ./west --print-permissions" },
  ],
  exits: ["configuration", "hungUp", "interrupted", "terminated"],
  permissions: RUN_NEEDS,
  async run({ args, flags, io, logger: written, entry, words }) {
    const place = flags.metrics === undefined ? undefined : parseTarget(flags.metrics, "run");
    if (flags["print-permissions"]) {
      const { folderReach } = await import("../site_reach.ts");
      const { printPermissions } = await import("../print_permissions.ts");
      const reach = await folderReach(args.dir, entry);
      const metricsPort = place === undefined ? [] : [formatEndpoint(place.host, place.port)];
      printPermissions(io, entry, words, RUN_NEEDS, { ...reach, "METRICS_HOST:PORT": metricsPort });
      return EXIT.ok;
    }
    const maxMemory = parseMaxMemory(flags["max-memory"], "run");
    using signals = new ProcessSignals();
    const history = new LogRing(() => io.now());
    const logger = keepingLogger(written, history);
    const { loadToRun } = await import("../../site/link_ports.ts");
    const { FolderWatch } = await import("../../site/watch.ts");
    const warned = new Set<string>();
    const spec = await loadToRun(args.dir, logger, { warn: (message) => warned.add(message) });
    for (const warning of warned) logger.warn(warning);
    const { PendingTokens } = await import("../../site/tokens/pending.ts");
    const tokens = new PendingTokens(args.dir, logger);
    const { CertificateKeeper } = await import("../../site/certificates/keeper.ts");
    const certificates = new CertificateKeeper(args.dir, logger);
    let watch: InstanceType<typeof FolderWatch> | undefined;
    let metrics: MetricsServer | undefined;
    const look = () => {
      tokens.look();
      certificates.look();
    };
    const start = async () => {
      const site = await startSite(spec, logger, { dir: args.dir, entry, history }, maxMemory);
      watch = new FolderWatch(args.dir, site, logger, look, warned);
      look();
      if (place !== undefined) {
        const { serveMetrics } = await import("../../site/metrics_server.ts");
        metrics = await serveMetrics(place, () => site.metrics?.() ?? [], logger).catch(async (error) => {
          await site.stop();
          throw error;
        });
      }
      return site;
    };
    try {
      return await runForeground(start, { logger, signals, graceMs: flags.grace * 1000 });
    } finally {
      tokens.stop();
      await Promise.all([watch?.stop(), certificates.stop(), metrics?.close()]);
    }
  },
});
