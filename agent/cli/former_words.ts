/**
 * The words of Skupper 1, and those of Skupper 2 that are others here: each names the line that does the same now, with
 * the values that were typed. Pure.
 */

import { ONE_LINER_FLAGS } from "./one_liner_flags.ts";
import { TARGET_TLS_FLAGS } from "./one_liner_tls.ts";
import { shellWords } from "./program_line.ts";
import { isTarget } from "./services.ts";

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
const SWITCHES = new Set([
  "enable-console",
  "enable-flow-collector",
  "enable-link-access",
  "enable-tls",
  "headless",
  "verbose",
  "yes",
]);
/** Flags that only our own `expose` has. */
const OWN = Object.keys({ ...ONE_LINER_FLAGS, ...TARGET_TLS_FLAGS }).filter((name) => name !== "protocol");
/** Commands that are about no site. */
const SITELESS = ["explain", "help", "version"];
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
  ["site generate", ({ args: [name = "my-site"], flags }) => {
    const access = flags.has("enable-link-access") ? ["--enable-link-access"] : [];
    return [["site", "create", name, "--dir", name, ...access]];
  }],
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

/**
 * The successor of the line `words`, without the program and the flags `before` the words; undefined for one that is not
 * former.
 */
export function successorOf(words: readonly string[], before: readonly string[] = []): Successor | undefined {
  const told = (former: string, rule: Rule, behind: readonly string[], note: string | undefined): Successor => {
    const said = typed(behind);
    const lines = rule(said).map((line) => shellWords(["tendril", ...inPlace(line, before, said)]));
    return { former, lines, ...(note === undefined ? {} : { note }) };
  };
  if (words[0] === "expose" && isFormerExpose(words)) {
    const note =
      "The first line at the site that has the service, the second at each that uses it; without a site: `tendril expose KEY HOST:PORT --token FILE`.";
    return told("expose", expose, words.slice(1), note);
  }
  for (const [former, rule, note] of RULES) {
    const parts = former.split(" ");
    if (!parts.every((part, at) => words[at] === part)) continue;
    return told(former, rule, words.slice(parts.length), note);
  }
  return undefined;
}

/** `line` with the flags that were typed `before` the words; a namespace takes the place of the folder of a site. */
function inPlace(line: readonly string[], before: readonly string[], { flags }: Typed): readonly string[] {
  if (SITELESS.includes(line[0] ?? "")) return line;
  const isBefore = before.some((word) => /^(-n|--namespace)/.test(word));
  const behind = flags.get("n") || flags.get("namespace") || undefined;
  if (!isBefore && behind === undefined) return [...before, ...line];
  const named = (word: string | undefined) => word === "--dir" || word === "-n";
  const rest = line[0] === "run" ? ["run"] : line.filter((word, at) => !named(word) && !named(line[at - 1]));
  return [...before, ...rest, ...isBefore ? [] : given("-n", behind)];
}

function isFormerExpose(words: readonly string[]): boolean {
  const has = (names: readonly string[]) => words.some((word) => names.includes(/^--([\w-]+)/.exec(word)?.[1] ?? ""));
  if (has(["address", "port", "target-port"])) return true;
  const [, kind = "", name = ""] = words;
  // A key may well be called like a kind of Kubernetes; then a target follows it.
  return EXPOSED.test(kind) && !has(OWN) && (kind.includes("/") || !isTarget(name));
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
