/**
 * The systemd unit of a site: what is to run, with which permissions of Deno, and what of the system it may touch. Pure:
 * facts in, the text of a unit file out (systemd.service(5), systemd.exec(5)).
 */

/** For whom a unit is. */
export type UnitScope = "user" | "system";

/** What a unit is to say. */
export interface UnitFacts {
  /** Name of the site. */
  readonly site: string;
  /** See {@link UnitScope}. */
  readonly scope: UnitScope;
  /** Absolute path of the site's folder. */
  readonly dir: string;
  /** The program and its words, absolute paths. */
  readonly start: readonly string[];
  /** The same for a reload. */
  readonly reload: readonly string[];
  /** Number of the user that owns the folder; for the scope `system`. */
  readonly user: number;
  /** Of the group; for the scope `system`. */
  readonly group: number;
  /** How long open connections may take to end. */
  readonly graceSeconds: number;
  /** True when a port below 1024 is opened. */
  readonly lowPorts: boolean;
}

/** Files that a router of many connections may have open. */
const DESCRIPTORS = 65_536;
/** After the grace, until the process is killed. */
const LINGER_SECONDS = 10;
/** Exit codes after which it is no use to start again: a wrong command line, a wrong folder. */
const FINAL = [2, 3];

/** The unit that is called `name` among those of Tendril. */
export function unitName(name: string): string {
  return `tendril-${name}.service`;
}

/** The folder of the site that the unit `text` runs; undefined where it says none. */
export function unitFolder(text: string): string | undefined {
  const [, said] = /^WorkingDirectory=(.*)$/m.exec(text) ?? [];
  return said?.replaceAll("%%", "%");
}

/** See the head of the file. */
export function unitText(facts: UnitFacts): string {
  const { site, scope, dir, start, reload, graceSeconds } = facts;
  return [
    "# Made by `tendril system install`, which makes it anew when the site is to reach something else.",
    "[Unit]",
    `Description=Tendril site ${site}`,
    "Documentation=man:systemd.service(5)",
    ...scope === "system" ? ["Wants=network-online.target", "After=network-online.target"] : [],
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=exec",
    `ExecStart=${unitWords(start)}`,
    `ExecReload=${unitWords(reload)}`,
    // One path to the end of the line: systemd takes quotes for a part of it.
    `WorkingDirectory=${dir.replaceAll("%", "%%")}`,
    ...scope === "system" ? [`User=${facts.user}`, `Group=${facts.group}`] : [],
    "Restart=always",
    "RestartSec=2",
    `RestartPreventExitStatus=${FINAL.join(" ")}`,
    `TimeoutStopSec=${graceSeconds + LINGER_SECONDS}`,
    `LimitNOFILE=${DESCRIPTORS}`,
    "# The compiler's cache; nothing of the home is needed.",
    "CacheDirectory=tendril",
    "Environment=DENO_DIR=%C/tendril DENO_NO_UPDATE_CHECK=1",
    "",
    "# What of the system it may touch: its own folder.",
    `ReadWritePaths=${pathWord(dir)}`,
    "UMask=0077",
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    "PrivateTmp=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
    ...scope === "system" ? systemOnly(facts.lowPorts) : [],
    "",
    "[Install]",
    `WantedBy=${scope === "system" ? "multi-user.target" : "default.target"}`,
    "",
  ].join("\n");
}

/** What the manager of a user may not do, or does at the cost of failing on some systems. */
function systemOnly(lowPorts: boolean): string[] {
  const capability = lowPorts ? "CAP_NET_BIND_SERVICE" : "";
  return [
    `CapabilityBoundingSet=${capability}`,
    `AmbientCapabilities=${capability}`,
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectControlGroups=yes",
    "ProtectProc=invisible",
    "RemoveIPC=yes",
    ...lowPorts ? [] : ["PrivateUsers=yes"],
  ];
}

/** Words of a command as systemd reads them: quoted, with its own signs doubled. */
function unitWords(words: readonly string[]): string {
  return words.map((word) => quoted(word.replaceAll("%", "%%").replaceAll("$", "$$$$"))).join(" ");
}

/** A path in a list of them: a word, in which nothing is a variable. */
function pathWord(path: string): string {
  return quoted(path.replaceAll("%", "%%"));
}

function quoted(text: string): string {
  return /^[\w@+=:,./%$-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}
