/** What `skstat` says of messages, admissions and the log: the same of a Tendril as of a C router in its place. */

import assert from "node:assert/strict";
import { COUNTED, CountedMessages, EXPECTED } from "../support/counted_messages.ts";
import { run } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { echo, server } from "../support/tcp.ts";
import { until } from "../support/until.ts";
import { Mesh, type Pair } from "./mesh.ts";
import { flows, untilAllFlow } from "./mesh_checks.ts";
import { type Row, table } from "./router_view.ts";

/** One interior with two edges. */
const STAR = { interiors: 1, links: [], edges: [[0], [0]] };
const ROUTERS: readonly (readonly string[])[] = [[], ["-d", "edge0"], ["-d", "edge1"]];
const FLOWS = 50;
/** Of `-g`. How streams end, settled by whom, is a matter of luck with C routers: those counts are not compared. */
const TOTALS = ["Ingress Count", "Egress Count", "Transit Count", "Rejected Count", "Released Count", "Modified Count"];
/** What `-g` has at a C router, and has no figure here: the size of memory that is reserved. */
const ELSEWHERE = ["VmSize"];

testWith(
  ["skrouterd", "python3"],
  "interop: skstat counts the same at a Tendril and at a C router",
  async (paths, t) => {
    const binary = paths["skrouterd"]!;
    using target = server(echo);
    await using mesh = await Mesh.create(STAR, target.port, binary);
    const port = mesh.interiors[0]!.folder.amqpPort;
    const ask = (which: Parameters<typeof table>[2], of: readonly string[] = []) => table(binary, port, which, of);
    const totals = async () => {
      const all: number[][] = [];
      for (const of of ROUTERS) {
        const rows = byAttribute(await ask("-g", of));
        all.push(TOTALS.map((name) => Number(rows[name])));
      }
      return all;
    };
    const views: Record<string, unknown>[] = [];
    for (const kind of ["C", "T"]) {
      await mesh.start(kind, kind.repeat(2));
      await mesh.step(t, `${kind}: what skstat says`, async () => {
        await untilAllFlow(mesh.pairs);
        // Asking is counted, too: twice the same, then once with flows in between.
        const [first, second] = [await totals(), await totals()];
        for (let flow = 0; flow < FLOWS; flow++) assert.ok(await flows(mesh.pairs[0] as Pair));
        const third = await totals();
        const grown = third.map((counts, at) =>
          counts.map((count, of) => count - 2 * second[at]![of]! + first[at]![of]!)
        );

        await using _messages = await CountedMessages.through(port);
        const counted = () => ask("-l").then((rows) => rows.filter(({ addr }) => addr === COUNTED).map(countsOf));
        await until(async () => (await counted()).length === 2 && (await counted()).every(isComplete), 10_000);
        const [address] = (await ask("-a")).filter(({ addr }) => addr === COUNTED);

        const [one, other] = [byAttribute(await ask("-p")), byAttribute(await ask("-p"))];
        const log = await run(binary.replace(/[^/]*$/, "skstat"), ["-b", `127.0.0.1:${port}`, "--log", "--limit", "3"]);
        assert.match(
          log.stdout,
          /^(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} [A-Z_]+ \((info|warning|error)\) \S.*\n){3}$/,
        );
        views.push({
          grown,
          links: await counted(),
          address: { in: address?.["in"], out: address?.["out"], thru: address?.["thru"] },
          attributes: Object.keys(byAttribute(await ask("-g"))).filter((name) => !ELSEWHERE.includes(name)).sort(),
          processed: Number(other["Connections Processed"]) - Number(one["Connections Processed"]),
          current: other["Connections Current"],
          denied: [other["Connections Denied"], other["Links Denied"], other["Total Denials"]],
        });
      });
      await mesh.stop();
    }
    const [theirs, ours] = views;
    assert.deepEqual(ours, theirs);
    assert.equal(ours?.["processed"], 1);
    // Each flow is two streams: one each way, through all three.
    assert.deepEqual(ours?.["grown"], ROUTERS.map(() => [2 * FLOWS, 2 * FLOWS, 0, 0, 0, 0]));
  },
);

function byAttribute(rows: readonly Row[]): Record<string, string> {
  return Object.fromEntries(rows.map(({ attr, value }) => [attr ?? "", value ?? ""]));
}

function countsOf(row: Row): Record<string, string> {
  return Object.fromEntries(["dir", ...Object.keys(EXPECTED)].map((name) => [name, row[name] ?? ""]));
}

function isComplete(counts: Readonly<Record<string, string>>): boolean {
  return Object.entries(EXPECTED).every(([name, count]) => counts[name] === `${count}`);
}
