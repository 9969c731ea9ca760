/**
 * Management between Tendril and the C router: `skstat` says the same of a Tendril as of a C router in its place, each
 * can be asked through the other, and the commands of Tendril see C routers.
 */

import assert from "node:assert/strict";
import type { Survey } from "../../agent/management/survey.ts";
import { testWith } from "../support/programs.ts";
import { echo, server } from "../support/tcp.ts";
import { tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";
import { Mesh, type Shape } from "./mesh.ts";
import { cRoutersAgree, nobodyComplains, untilAllFlow } from "./mesh_checks.ts";
import { type Row, type Table, table } from "./router_view.ts";

/** From hub0 to hub1 a way by hub2 costs less than the link between them; an edge at each. */
const TRIANGLE: Shape = {
  interiors: 3,
  links: [{ from: 1, to: 0, cost: 7 }, { from: 2, to: 0, cost: 2 }, { from: 2, to: 1, cost: 2 }],
  edges: [[0], [1], [2]],
};
/** Columns that have the same meaning and the same value in both, one of them missing where a table has none. */
const COMMON: Readonly<Record<"-n" | "-c" | "-a", readonly string[]>> = {
  "-n": ["router-id", "next-hop", "ver", "cost", "neighbors", "valid-origins"],
  "-c": ["container", "role", "proto", "dir"],
  "-a": ["class", "addr", "distrib", "local", "remote"],
};

testWith(
  ["skrouterd", "python3"],
  "interop: management of Tendrils and C routers in one network",
  async ({ skrouterd }, t) => {
    using target = server(echo);
    await using mesh = await Mesh.create(TRIANGLE, target.port, skrouterd);
    const port = (at: number) => mesh.interiors[at].folder.amqpPort;
    const ask = (at: number, which: Table, ...through: string[]) => table(skrouterd, port(at), which, through);
    const services = mesh.edges.map(({ connectors: [{ key }] }) => key);
    /** What tables of both programs must have in common: services and routers, not what programs use for themselves. */
    const common = async (which: "-n" | "-c" | "-a", at: number): Promise<string[]> =>
      (await ask(at, which))
        .filter(({ role }) => role === undefined || role === "edge" || role === "inter-router")
        .filter(({ class: kind, addr }) => kind === undefined || kind === "edge" || services.includes(addr))
        .map((row) => COMMON[which].map((column) => inOrder(row[column] ?? "")).join(" "))
        .sort();
    const views: Record<string, string[]> = {};
    try {
      for (const [interiors, edges] of [["CCC", "TTT"], ["TCT", "TCT"]] as const) {
        await t.step(`interiors ${interiors}, edges ${edges}`, async (t) => {
          await mesh.start(interiors, edges);
          await untilAllFlow(mesh.pairs);
          // Messages flow before the cheapest paths are known.
          await cRoutersAgree(mesh);
          for (const which of ["-n", "-c", "-a"] as const) {
            await t.step(`skstat ${which} says of every position what it says of C routers alone`, async () => {
              for (let at = 0; at < mesh.interiors.length; at++) {
                const name = `${which} ${at}`;
                if (views[name] === undefined) views[name] = await common(which, at);
                else {
                  // Addresses of a router that has just come arrive a moment later.
                  await until(async () => `${await common(which, at)}` === `${views[name]}`, 15_000).catch(() => {});
                  assert.deepEqual(await common(which, at), views[name], name);
                }
              }
            });
          }
          await t.step("every router is asked through every other one, and says what it says directly", async () => {
            const about = async (at: number, ...through: string[]) =>
              (await ask(at, "-g", ...through)).find(({ attr }) => attr === "Router Id")?.["value"];
            for (let by = 0; by < mesh.interiors.length; by++) {
              for (let of = 0; of < mesh.interiors.length; of++) {
                assert.equal(await about(by, "-r", `hub${of}`), `hub${of}`, `hub${of} by hub${by}`);
                const direct = ids(await ask(of, "-n"));
                assert.deepEqual(ids(await ask(by, "-n", "-r", `hub${of}`)), direct);
                assert.equal(await about(by, "-d", `edge${of}`), `edge${of}`, `edge${of} by hub${by}`);
              }
            }
          });
          await t.step("skstat -l shows the links of every router", async () => {
            for (let at = 0; at < mesh.interiors.length; at++) {
              const links = await ask(at, "-l");
              const kinds = new Set(links.map(({ type, dir }) => `${type} ${dir}`));
              for (const type of ["router-control", "inter-router"]) {
                for (const dir of ["in", "out"]) assert.ok(kinds.has(`${type} ${dir}`), `hub${at}: ${type} ${dir}`);
              }
              const downlink = links.find(({ type }) => type === "edge-downlink");
              assert.deepEqual([downlink?.["class"], downlink?.["addr"]], ["edge", `edge${at}`]);
            }
          });
          // C routers do not tell the cost of a link that their own paths avoid.
          const known = interiors === "TCT" ? 7 : null;
          await t.step(
            "commands of Tendril see the C routers, from an interior and from an edge",
            () => commandsSee(mesh, known),
          );
          nobodyComplains(mesh);
        });
        if (interiors === "CCC") await mesh.stop();
      }
    } catch (error) {
      console.error(mesh.logs());
      throw error;
    }
  },
);

/** `dear` is what can be known of the link between hub0 and hub1. */
async function commandsSee(mesh: Mesh, dear: number | null): Promise<void> {
  const run = async (...words: string[]) => {
    const { code, stdout, stderr } = await tendril(...words, "-o", "json");
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const product = { T: "tendril", C: "skupper-router" };
  for (const { dir, name } of mesh.nodes.filter(({ kind, name }) => kind === "T" && !/[12]$/.test(name))) {
    const { routers, links, addresses }: Survey = await run("network", "status", "--dir", dir);
    const programs = Object.fromEntries(routers.map(({ id, product }) => [id, product]));
    assert.deepEqual(programs, Object.fromEntries(mesh.nodes.map(({ name, kind }) => [name, product[kind]])), name);
    assert.ok(routers.every(({ silent }) => silent === null));
    assert.deepEqual(links.map(({ from, to, cost, state }) => [from, to, cost, state]), [
      ["hub0", "hub1", dear, "up"],
      ["hub0", "hub2", 2, "up"],
      ["hub1", "hub2", 2, "up"],
      ["edge0", "hub0", 0, "up"],
      ["edge1", "hub1", 0, "up"],
      ["edge2", "hub2", 0, "up"],
    ]);
    for (const { name, connectors: [{ key }] } of mesh.edges) {
      assert.deepEqual(addresses.find(({ address }) => address === key)?.routers, [name]);
    }
    const { routes: [route] } = await run("network", "path", mesh.edges[1].connectors[0].key, "--dir", dir);
    assert.deepEqual(route.hops.slice(-3).map(({ to }: { to: string }) => to), ["hub2", "hub1", "edge1"]);
    assert.deepEqual([route.cost, route.alternatives], [4, [{ via: "hub1", cost: dear }]]);
    const { hops } = await run("ping", "edge1", "--dir", dir, "--count", "2");
    assert.deepEqual(hops.slice(-3).map(({ router, lost }: { router: string; lost: number }) => [router, lost]), [
      ["hub2", 0],
      ["hub1", 0],
      ["edge1", 0],
    ]);
  }
}

/** A list as skstat shows it, sorted: its order is that of arrival. */
function inOrder(cell: string): string {
  return cell.startsWith("[") ? `[${cell.slice(1, -1).split(", ").sort().join(", ")}]` : cell;
}

function ids(rows: readonly Row[]): string[] {
  return rows.map((row) => row["router-id"]).sort();
}
