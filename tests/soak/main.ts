/**
 * Endurance: the interior is killed over and over in the middle of streams, then connections come and go for minutes,
 * then a mesh of interiors is under load while one after the other is killed; with SKROUTERD, every other router of the
 * mesh is a real one; then `apply` is killed at every operation it does beside a running site. Ends with a verdict, and with exit code 0 only if every line of it held.
 *
 *   deno task soak [--cycles N] [--minutes N] [--mesh-minutes N] [--applies N] [--json]
 */

import { parseArgs } from "node:util";
import { type ApplyKills, killApplies } from "../support/apply_kills.ts";
import { spread } from "../bench/measure.ts";
import { type Churn, churn } from "./churn.ts";
import { HEALED_LIMIT_MS, type MeshSoak, soakMesh } from "./mesh.ts";
import { BACK_LIMIT_MS, CLOSED_LIMIT_MS, type KillSoak, soakKills } from "./kills.ts";

/**
 * Growth of resident memory that is no leak, MiB: garbage, and the buffers that are kept for reuse, come and go by this
 * much. Small leaks are seen in the live heap, which `leaksSince` looks at; this is for what lies outside of it.
 */
const GROWTH_LIMIT_MIB = 48;

const { values } = parseArgs({
  options: {
    cycles: { type: "string", default: "100" },
    minutes: { type: "string", default: "3" },
    applies: { type: "string", default: "200" },
    "mesh-minutes": { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  },
});
const cycles = Number(values.cycles);
const minutes = Number(values.minutes);
const applies = Number(values.applies);
const meshMinutes = Number(values["mesh-minutes"]);

/** One line of the verdict. */
interface Line {
  readonly holds: boolean;
  readonly text: string;
}

const lines: Line[] = [];
let kills: KillSoak | undefined;
let churned: Churn | undefined;
let mesh: MeshSoak | undefined;
if (cycles > 0) {
  kills = await soakKills(cycles, ({ closedMs, backMs }, number, memory) => {
    const [closed, back] = [closedMs.toFixed(0), backMs.toFixed(0)];
    console.error(
      `cycle ${number} of ${cycles}: clients closed after ${closed} ms, service back after ${back} ms; ${mib(memory)}`,
    );
  });
  const closed = spread(kills.cycles.map(({ closedMs }) => closedMs));
  const back = spread(kills.cycles.map(({ backMs }) => backMs));
  lines.push(
    limit(`${cycles} kills: clients closed`, closed, CLOSED_LIMIT_MS),
    limit(`${cycles} kills: service back`, back, BACK_LIMIT_MS),
    nothingLeaked("kills", kills),
  );
}
if (minutes > 0) {
  churned = await churn(minutes, (connections, memory) => {
    console.error(`churn: ${connections} connections; ${mib(memory)}`);
  });
  const { connections, failures } = churned;
  lines.push(
    { holds: failures === 0, text: `${minutes} min of churn: ${connections} connections, ${failures} of them failed` },
    nothingLeaked("churn", churned),
  );
}
if (meshMinutes > 0) {
  mesh = await soakMesh(meshMinutes, Deno.env.get("SKROUTERD"), (text, memory) => {
    console.error(`mesh: ${text}; ${mib(memory)}`);
  });
  const { kinds, flows, cut, lost, stuck, healedMs } = mesh;
  const what = `${meshMinutes} min of kills in a mesh of ${kinds}`;
  lines.push(
    {
      holds: lost === 0 && stuck === 0,
      text: `${what}: ${flows} flows, ${cut} cut by kills, ${lost} lost, ${stuck} stuck`,
    },
    limit(`${what}: all pairs work again`, spread(healedMs), HEALED_LIMIT_MS),
    // Interiors come and go, and what is resident of edges has much that nobody uses: what they hold is counted.
    nothingHeld(what, mesh),
  );
}
let applied: ApplyKills | undefined;
if (applies > 0) {
  applied = await killApplies({ kills: applies, budgetMs: Infinity, steps: 0 });
  const { kills, steps, outcomes, restarts, flows } = applied;
  lines.push({
    holds: steps.length >= 20 || applies < 100,
    text:
      `${kills} kills of apply before ${steps.length} different operations: ${outcomes.before} left the old state, ` +
      `${outcomes.after} the new one; the site was killed ${restarts} times; ${flows} flows, none harmed; nothing lost`,
  });
}
const holds = lines.every((line) => line.holds);
if (values.json) console.log(JSON.stringify({ holds, lines, kills, churn: churned, mesh, applied }));
else {
  for (const line of lines) console.log(`${line.holds ? "ok  " : "FAIL"}  ${line.text}`);
  console.log(holds ? "soak passed" : "soak FAILED");
}
Deno.exit(holds ? 0 : 1);

function limit(what: string, { min, median, max }: ReturnType<typeof spread>, limitMs: number): Line {
  const text = `${what} after ${median.toFixed(0)} ms [${min.toFixed(0)}..${max.toFixed(0)}], limit ${limitMs} ms`;
  return { holds: max < limitMs, text };
}

function nothingLeaked(what: string, soak: Pick<KillSoak, "leaks" | "heap" | "memory">): Line {
  const { holds, text } = nothingHeld(what, soak);
  const grew = Object.values(soak.memory.growth).some((growth) => growth > GROWTH_LIMIT_MIB);
  return { holds: holds && !grew, text: `${text}, limit ${GROWTH_LIMIT_MIB}` };
}

function nothingHeld(what: string, { leaks, heap, memory }: Pick<KillSoak, "leaks" | "heap" | "memory">): Line {
  const held = leaks.length === 0
    ? "no handle, timer, socket, heap or buffer left over"
    : `left over: ${leaks.join(", ")}`;
  const heaps = Object.entries(heap).map(([name, { before, after }]) =>
    `${name} ${before.toFixed(1)} -> ${after.toFixed(1)}`
  );
  return {
    holds: leaks.length === 0,
    text: `${what}: ${held}; live heap ${heaps.join(", ")} MiB; resident at the end ${
      mib(memory.last)
    }, growth from second to last quarter ${mib(memory.growth)}`,
  };
}

function mib(memory: Record<string, number>): string {
  return Object.entries(memory).map(([name, value]) => `${name} ${value.toFixed(1)}`).join(", ") + " MiB";
}
