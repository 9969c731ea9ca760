/**
 * The words of Skupper 1, and those of Skupper 2 that are others here: each names the line that does the same now, with
 * the values that were typed. Pure.
 */

import { shellWords } from "./program_line.ts";

/** What stands in for a former line. */
export interface Successor {
  /** The former words. */
  readonly former: string;
  /** The lines to type, in order. */
  readonly lines: readonly string[];
  /** What is different, if that needs saying. */
  readonly note?: string;
}

/** What was typed behind the words. */
interface Typed {
  /** Words that are no flags. */
  readonly args: readonly string[];
  /** Values of flags, by name. */
  readonly flags: ReadonlyMap<string, string>;
}

type Rule = (typed: Typed) => readonly (readonly string[])[];

/** Flags of Skupper 1 that take no value. */
const SWITCHES = new Set(["enable-console", "enable-flow-collector", "enable-tls", "headless", "verbose", "yes"]);
/** What Skupper 1 exposes: a kind of Kubernetes, or a host. */
const EXPOSED = /^(deployment|statefulset|pods?|daemonset|service|deploymentconfig|host)(\/|$)/;

const connector = (key: string, port: string, host?: string) => {
  return ["connector", "create", key, port, ...given("--host", host)];
};
const listener = (key: string, port: string) => ["listener", "create", key, port];

/** `--name value` where there is one. */
function given(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}

const expose: Rule = ({ args: [target = "", name], flags }) => {
  const thing = target.includes("/") ? target.slice(target.indexOf("/") + 1) : name ?? target;
  const key = flags.get("address") ?? thing;
  const port = flags.get("port")?.split(",")[0] ?? "8080";
  // What was a name of Kubernetes is none of the network of this machine.
  const host = target.startsWith("host") || target === "service" ? thing : undefined;
  return [connector(key, flags.get("target-port") ?? port, host), listener(key, port)];
};

const init: Rule = ({ args, flags }) => {
  const name = flags.get("site-name") ?? args[0] ?? "my-site";
  const edge = flags.get("router-mode") === "edge";
  const ports = [
    ...given("--inter-router-port", flags.get("bind-port")),
    ...given("--edge-port", flags.get("bind-port-edge")),
  ];
  const role = edge ? ["--edge"] : ["--enable-link-access", ...ports];
  return [["site", "create", name, "--dir", name, ...role], ["run", name]];
};

const tokenCreate: Rule = ({ args: [file = "other.token"], flags }) => {
  if (flags.get("token-type") === "cert") return [["link", "generate", "--dir", ".", "--host", "HOST"]];
  const more = [
    ...given("--expiration-window", flags.get("expiry")),
    ...given("--redemptions-allowed", flags.get("uses")),
  ];
  return [["token", "issue", file, "--dir", ".", ...more]];
};

const PER_SITE = "Each site that is to use it has a Listener of its own.";

/** By former words, the longest first. */
const RULES: ReadonlyArray<readonly [words: string, rule: Rule, note?: string]> = [
  [
    "service status",
    () => [["network", "status"], ["status"]],
    "The first shows who serves which key, the second this site.",
  ],
  ["service create", ({ args: [name = "web", port = "8080"] }) => [listener(name, port)], PER_SITE],
  ["service delete", ({ args: [name = "web"] }) => [["listener", "delete", name], ["connector", "delete", name]]],
  ["service bind", ({ args: [name = "web", , target], flags }) => [
    connector(name, flags.get("target-port") ?? "8080", target),
  ]],
  ["service unbind", ({ args: [name = "web"] }) => [["connector", "delete", name]]],
  ["service", () => [["network", "status"]]],
  ["token create", tokenCreate, "The site that issues it must accept links."],
  [
    "gateway init",
    ({ args: [name = "gateway"] }) => [["site", "create", name, "--dir", name, "--edge"], ["run", name]],
  ],
  ["gateway expose", ({ args: [key = "web", host = "localhost", port = "8080"] }) => [connector(key, port, host)]],
  ["gateway bind", ({ args: [key = "web", host = "localhost", port = "8080"] }) => [connector(key, port, host)]],
  ["gateway unexpose", ({ args: [key = "web"] }) => [["connector", "delete", key]]],
  ["gateway unbind", ({ args: [key = "web"] }) => [["connector", "delete", key]]],
  ["gateway forward", ({ args: [key = "web", port = "8080"] }) => [listener(key, port)]],
  ["gateway unforward", ({ args: [key = "web"] }) => [["listener", "delete", key]]],
  ["gateway generate-bundle", () => [["system", "bundle", "--archive", "site.tar.gz"]]],
  ["gateway export-config", () => [["system", "bundle", "--archive", "site.tar.gz"]]],
  ["gateway delete", () => [["system", "uninstall"]]],
  ["gateway", () => [["status"]], "A gateway is a site of its own: an edge."],
  ["debug service", ({ args }) => [["debug", "check", ...args.slice(0, 1)]]],
  ["debug policies", () => [["explain", "Policy"]]],
  ["site generate", ({ args: [name = "my-site"] }) => [["site", "create", name, "--dir", name]]],
  ["site delete", () => [["system", "uninstall"]], "Then remove its folder; nothing else is left."],
  ["link check", ({ args: [file = "link.yaml"] }) => [["debug", "check", "--link", file]]],
  ["system setup", ({ flags }) => [["run", flags.get("path") ?? "."]]],
  ["system teardown", () => [["system", "uninstall"]]],
  ["system generate-bundle", ({ args: [name = "site"] }) => [["system", "bundle", "--archive", `${name}.tar.gz`]]],
  ["system apply", ({ flags }) => [["apply", "-f", flags.get("f") ?? flags.get("filename") ?? "FILE"]]],
  ["system delete", ({ flags }) => [["delete", "-f", flags.get("f") ?? flags.get("filename") ?? "FILE"]]],
  ["unexpose", ({ args: [target = "web", name], flags }) => {
    const key = flags.get("address") ?? name ?? target.replace(/^.*\//, "");
    return [["connector", "delete", key], ["listener", "delete", key]];
  }],
  ["init", init],
  [
    "revoke-access",
    () => [["certificate", "rotate-ca", "--dir", "."]],
    "To shut out one site alone: `tendril certificate revoke`.",
  ],
  ["switch", () => [["status", "-n", "NAMESPACE"]], "Each command says which site it means."],
  ["manifest", () => [["version", "-o", "json"]]],
  ["update", () => [["version"]], "A running site is brought up to date by starting it with another version."],
  ["man", () => [["help"]]],
];

/** The successor of the line `words`, without the program; undefined for one that is not former. */
export function successorOf(words: readonly string[]): Successor | undefined {
  if (words[0] === "expose" && isFormerExpose(words)) {
    const note =
      "The first line at the site that has the service, the second at each that uses it; without a site: `tendril expose KEY HOST:PORT --token FILE`.";
    return told("expose", expose(typed(words.slice(1))), note);
  }
  for (const [former, rule, note] of RULES) {
    const parts = former.split(" ");
    if (!parts.every((part, at) => words[at] === part)) continue;
    return told(former, rule(typed(words.slice(parts.length))), note);
  }
  return undefined;
}

function told(former: string, lines: readonly (readonly string[])[], note: string | undefined): Successor {
  const all = lines.map((line) => shellWords(["tendril", ...line]));
  return { former, lines: all, ...(note === undefined ? {} : { note }) };
}

function isFormerExpose(words: readonly string[]): boolean {
  return words.some((word) => /^--(address|port|target-port)(=|$)/.test(word)) || EXPOSED.test(words[1] ?? "");
}

function typed(words: readonly string[]): Typed {
  const args: string[] = [];
  const flags = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const [, name, inline] = /^--?([\w-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) args.push(word);
    else if (inline !== undefined) flags.set(name, inline);
    else if (SWITCHES.has(name) || words[at + 1] === undefined || words[at + 1]!.startsWith("-")) flags.set(name, "");
    else flags.set(name, words[++at]!);
  }
  return { args, flags };
}
