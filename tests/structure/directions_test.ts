/** The directions of the house: who may import whom, and who may touch the world. Each rule says why it is there. */

import assert from "node:assert/strict";
import { importsOf, isTest, readSources, type SourceFile } from "./source_tree.ts";

/** What one room may import besides itself. `types` are allowed as `import type` alone. */
interface RoomRule {
  readonly may: readonly string[];
  readonly types?: readonly string[];
  readonly why: string;
}

const AGENT_ROOMS = [
  "lib",
  "amqp",
  "telemetry",
  "transport",
  "router",
  "adaptor",
  "bridge",
  "pki",
  "site",
  "management",
  "console",
];

const RULES: Readonly<Record<string, RoomRule>> = {
  "agent/lib": { may: [], why: "lib is what everyone stands on; it has no domain knowledge" },
  "agent/telemetry": { may: ["lib"], why: "telemetry is written to by every room, so it can know none of them" },
  "agent/amqp": { may: ["lib"], why: "the engine is sans-IO and clockless: bytes in, events out, nothing else" },
  "agent/transport": { may: ["lib", "telemetry"], why: "transport moves bytes and must not know what they mean" },
  "agent/router": {
    may: ["amqp", "lib", "telemetry"],
    why: "the router works on deliveries; which sockets and plugins exist is decided above it",
  },
  "agent/adaptor": { may: ["lib"], why: "the plugin host only computes; bytes come to it from the bridge" },
  "agent/bridge": {
    may: ["adaptor", "router", "lib", "telemetry", "amqp"],
    types: ["transport"],
    why: "the bridge joins sockets, plugins and router streams; links are the transport's business",
  },
  "agent/pki": { may: ["lib"], why: "certificates are made without knowing who uses them" },
  "agent/site": {
    may: AGENT_ROOMS.filter((room) => room !== "site"),
    why: "site puts the agent together; commands call it, never the reverse",
  },
  "agent/management": {
    may: ["amqp", "router", "lib", "telemetry"],
    types: ["site"],
    why: "it reports, it owns nothing",
  },
  "agent/console": { may: ["lib", "telemetry", "management"], why: "it shows, it owns nothing" },
  "agent/cli": { may: AGENT_ROOMS, why: "the command line is on top of the agent" },
};

/** Plain descriptions that any room with domain knowledge may name in its types. */
const VOCABULARY = [
  "agent/site/spec.ts",
  "agent/site/http_route_spec.ts",
  "agent/site/status.ts",
  "agent/transport/channel.ts",
];

/** The room of a path: `agent/x`, `interior`, `adaptors`, or the file itself at the top of `agent/`. */
function roomOf(path: string): string {
  const [top = "", second = "", third] = path.split("/");
  return top === "agent" && third !== undefined ? `${top}/${second}` : top === "agent" ? path : top;
}

/** Why `from` may not import `to`, or undefined when it may. */
function objection(from: string, to: string, typeOnly: boolean, dynamic: boolean): string | undefined {
  const room = roomOf(from);
  const target = roomOf(to);
  if (room === target) return undefined;
  if (target === "interior") {
    if (room === "interior") return undefined;
    return from.startsWith("agent/cli/") && dynamic
      ? undefined
      : "only agent/cli may load interior/, and only by import(): an edge never pays for it in start time or memory";
  }
  if (room === "interior") {
    if (to === "agent/mod.ts" || ["agent/router", "agent/amqp", "agent/lib"].includes(target)) return undefined;
    if (typeOnly && ["agent/transport", "agent/telemetry"].includes(target)) return undefined;
    return "interior/ extends the router core and speaks AMQP; all else of the agent it sees through agent/mod.ts, the surface for it";
  }
  if (from === "agent/main.ts") {
    return target === "agent/cli" || target === "agent/lib"
      ? undefined
      : "the entry calls the command line, nothing else";
  }
  if (from === "agent/mod.ts") {
    return target.startsWith("agent/") ? undefined : "mod.ts is the surface of the agent alone";
  }
  const rule = RULES[room];
  if (rule === undefined) return undefined;
  if (typeOnly && VOCABULARY.includes(to) && room !== "agent/lib" && room !== "agent/amqp") return undefined;
  const allowed = rule.may.includes(target.replace("agent/", "")) ||
    (typeOnly && (rule.types ?? []).includes(target.replace("agent/", "")));
  return allowed ? undefined : rule.why;
}

/** The names of `Deno` and the modules of node that reach the network. */
const SOCKET = /\bDeno\.(connect|connectTls|connectQuic|listen|listenTls|listenDatagram|startTls)\b/g;
const SOCKET_MODULES = /^node:(net|tls|dgram|http|https|http2)$/;
/** What of those modules only computes. */
const PURE_NAMES = ["isIP", "isIPv4", "isIPv6", "BlockList"];
const SOCKET_ROOMS = ["agent/transport", "agent/bridge", "agent/console"];
/** The names of `Deno` that reach the file system. */
const FILE =
  /\bDeno\.(readFile|readTextFile|writeFile|writeTextFile|open|create|mkdir|remove|rename|readDir|stat|lstat|watchFs|makeTemp\w+|copyFile|chmod|chown|symlink|link|truncate|realPath|readLink|utime)(Sync)?\b/g;
const FILE_MODULES = /^node:fs(\/promises)?$/;
const FILE_ROOMS = ["agent/site", "agent/pki", "agent/cli"];
/** The plugin host loads its built-in modules, so it may read. */
const READS = /^Deno\.read(File|TextFile)(Sync)?$/;

const MAX_LINES = 500;

async function production(): Promise<SourceFile[]> {
  return (await readSources(["agent/", "interior/"], [".ts"])).filter((file) => !isTest(file.path));
}

function fail(problems: readonly string[]): void {
  assert.equal(problems.length, 0, `\n${problems.join("\n")}`);
}

Deno.test("structure: imports go only in the directions of the house", async () => {
  const problems: string[] = [];
  let seen = 0;
  for (const file of await production()) {
    for (const edge of importsOf(file)) {
      if (!/^(agent|interior)\//.test(edge.to)) continue;
      seen++;
      const why = objection(edge.from, edge.to, edge.typeOnly, edge.dynamic);
      if (why !== undefined) problems.push(`${edge.from}:${edge.line} imports ${edge.to}: ${why}`);
    }
  }
  assert.ok(seen > 20, "the import scanner finds imports");
  fail(problems);
});

Deno.test("structure: every room of agent/ has a rule", async () => {
  const rooms = new Set(
    (await production()).map((file) => roomOf(file.path)).filter((room) => /^agent\/\w+$/.test(room)),
  );
  fail(
    [...rooms].filter((room) => RULES[room] === undefined).map((room) => `${room} has no rule in directions_test.ts`),
  );
});

Deno.test("structure: only transport/, bridge/ and console/ open sockets", async () => {
  const problems: string[] = [];
  for (const file of await production()) {
    if (SOCKET_ROOMS.includes(roomOf(file.path))) continue;
    for (const edge of importsOf(file)) {
      const pure = edge.names.length > 0 && edge.names.every((name) => PURE_NAMES.includes(name));
      if (!SOCKET_MODULES.test(edge.to) || edge.typeOnly || pure) continue;
      problems.push(`${file.path}:${edge.line} imports ${edge.to}`);
    }
    for (const match of file.text.matchAll(SOCKET)) problems.push(`${file.path} uses ${match[0]}`);
  }
  fail(problems.map((problem) => `${problem}: everything else is tested without a network, so it can't have one`));
});

Deno.test("structure: HTTP of users is spoken by adaptors alone, never by a library", async () => {
  const problems: string[] = [];
  const sources = [...await production(), ...await readSources(["adaptors/"], [".ts"])];
  for (const file of sources) {
    for (const edge of importsOf(file)) {
      if (/^(node:)?http2$/.test(edge.to)) problems.push(`${file.path}:${edge.line} imports ${edge.to}`);
    }
    if (/getBuiltinModule\W+(node:)?http2/.test(file.text)) problems.push(`${file.path} gets http2 of node`);
  }
  fail(problems.map((problem) => `${problem}: a peer can make its server abort the process, so it is for tests alone`));
});

Deno.test("structure: only site/, pki/ and cli/ touch files", async () => {
  const problems: string[] = [];
  for (const file of await production()) {
    const room = roomOf(file.path);
    if (FILE_ROOMS.includes(room)) continue;
    for (const edge of importsOf(file)) {
      if (FILE_MODULES.test(edge.to)) problems.push(`${file.path}:${edge.line} imports ${edge.to}`);
    }
    for (const match of file.text.matchAll(FILE)) {
      if (room === "agent/adaptor" && READS.test(match[0])) continue;
      problems.push(`${file.path} uses ${match[0]}`);
    }
  }
  fail(problems.map((problem) => `${problem}: files are read and written where permissions are documented for it`));
});

Deno.test(`structure: no file is longer than ${MAX_LINES} lines`, async () => {
  const files = await readSources(["agent/", "interior/", "adaptors/", "tests/"], [".ts"]);
  fail(
    files
      .map((file) => [file.path, file.text.split("\n").length] as const)
      // What the build writes is as long as the modules are.
      .filter(([path, lines]) => lines > MAX_LINES && !path.startsWith("agent/adaptor/builtin/"))
      .map(([path, lines]) => `${path} has ${lines} lines: one idea per file, so split it`),
  );
});

Deno.test("structure: nothing outside tests runs with all permissions", async () => {
  const files = await readSources(["./"], [".ts", ".md", ".json", ".yml", ".yaml", ".sh", "run"]);
  const problems: string[] = [];
  for (const file of files) {
    if (isTest(file.path) || file.path === "deno.json") continue;
    for (const [index, line] of file.text.split("\n").entries()) {
      const shell = /\bdeno (run|serve|x|install|compile)\b[^`]*\s(-A|--allow-all)\b/.test(line);
      const spawned = file.path.endsWith(".ts") && /["'](-A|--allow-all)["']/.test(line);
      if (shell || spawned) problems.push(`${file.path}:${index + 1} uses -A: the least permissions are the promise`);
    }
  }
  const tasks: Record<string, unknown> =
    JSON.parse(files.find((file) => file.path === "deno.json")?.text ?? "{}").tasks ?? {};
  for (const [name, task] of Object.entries(tasks)) {
    const usesAll = /\s(-A|--allow-all)\b/.test(JSON.stringify(task));
    if (usesAll && !/^(test|unit|bench|soak|fuzz|ok|coverage|ci)(:|$)/.test(name)) {
      problems.push(`task ${name} uses -A`);
    }
  }
  fail(problems);
});

Deno.test("structure: the rules themselves catch what they forbid", () => {
  const file = (path: string, text: string) =>
    importsOf({ path, text }).map((edge) => objection(edge.from, edge.to, edge.typeOnly, edge.dynamic));
  const refused = (path: string, text: string) =>
    assert.ok(file(path, text)[0], `${path} with ${text} must be refused`);
  const allowed = (path: string, text: string) => assert.deepEqual(file(path, text), [undefined], `${path}: ${text}`);
  refused("agent/lib/x.ts", `import { a } from "../amqp/a.ts";`);
  refused("agent/amqp/x.ts", `import {\n  a,\n  b,\n} from "../telemetry/log.ts";`);
  refused("agent/amqp/codec/x.ts", `export * from "../../router/a.ts";`);
  refused("agent/site/x.ts", `import { a } from "../cli/a.ts";`);
  refused("agent/site/x.ts", `await import("../../interior/mod.ts");`);
  refused("agent/cli/x.ts", `import { a } from "../../interior/mod.ts";`);
  refused("agent/bridge/x.ts", `import { a } from "../transport/dial.ts";`);
  refused("interior/x.ts", `import { a } from "../agent/site/load.ts";`);
  refused("interior/x.ts", `import { dial } from "../agent/transport/dial.ts";`);
  refused("interior/x.ts", `import { type Channel, open } from "../agent/transport/channel.ts";`);
  allowed("interior/x.ts", `import { type A, type B } from "../agent/amqp/session.ts";`);
  refused("agent/router/x.ts", `import "../adaptor/host.ts";`);
  refused("agent/router/x.ts", `import { a } from "../site/spec.ts";`);
  refused("agent/amqp/x.ts", `import type { RouterRole } from "../site/spec.ts";`);
  allowed("agent/router/x.ts", `import type { RouterRole } from "../site/spec.ts";`);
  allowed("agent/cli/x.ts", `await import("../../interior/mod.ts");`);
  allowed("agent/bridge/x.ts", `import type { Channel } from "../transport/channel.ts";`);
  allowed("interior/x.ts", `import { a } from "../agent/mod.ts";`);
  assert.deepEqual(file("agent/lib/x.ts", `/** import { a } from "../amqp/a.ts"; */\n// import "../cli/a.ts";`), []);
});
