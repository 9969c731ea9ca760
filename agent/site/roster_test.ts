import assert from "node:assert/strict";
import { Roster } from "./roster.ts";

interface Spec {
  readonly name: string;
  readonly port: number;
}

/** Parts that hold a port each; a port can be held once. */
function roster() {
  const held = new Set<number>();
  const log: string[] = [];
  const roster = new Roster<Spec, Spec>({
    name: ({ name }) => name,
    start: (spec) => {
      if (held.has(spec.port)) throw new Error(`${spec.port} is taken`);
      held.add(spec.port);
      log.push(`+${spec.name}`);
      return spec;
    },
    stop: (running) => {
      held.delete(running.port);
      log.push(`-${running.name}`);
    },
  });
  return { roster, log: () => log.splice(0) };
}

Deno.test("roster: what reads as before is left alone", async () => {
  const { roster: parts, log } = roster();
  await parts.apply([{ name: "a", port: 1 }, { name: "b", port: 2 }]);
  const [first] = parts.running;
  log();
  assert.deepEqual(await parts.apply([{ name: "b", port: 2 }, { name: "a", port: 1 }]), []);
  assert.deepEqual(log(), []);
  assert.equal(parts.running[1], first);
});

Deno.test("roster: parts come, change and go, and a port that is given up can be taken at once", async () => {
  const { roster: parts, log } = roster();
  await parts.apply([{ name: "a", port: 1 }, { name: "b", port: 2 }, { name: "c", port: 3 }]);
  log();
  const changes = await parts.apply([{ name: "a", port: 2 }, { name: "c", port: 3 }, { name: "d", port: 1 }]);
  assert.deepEqual(changes, [
    { name: "b", action: "removed" },
    { name: "a", action: "changed" },
    { name: "d", action: "added" },
  ]);
  assert.deepEqual(log(), ["-a", "-b", "+a", "+d"]);
});

Deno.test("roster: a part that can be altered is not stopped, and one that fails to be is as it was", async () => {
  const log: string[] = [];
  const parts = new Roster<Spec & { readonly label: string }, { label: string }>({
    name: ({ name }) => name,
    start: ({ label }) => {
      log.push(`+${label}`);
      return { label };
    },
    alter: (running, { port, label }, before) => {
      if (port !== before.port) return undefined;
      if (label === "bad") throw new Error("bad label");
      running.label = label;
      return running;
    },
    stop: ({ label }) => void log.push(`-${label}`),
  });
  await parts.apply([{ name: "a", port: 1, label: "one" }]);
  const [first] = parts.running;
  assert.deepEqual(await parts.apply([{ name: "a", port: 1, label: "two" }]), [{ name: "a", action: "changed" }]);
  const [failed] = await parts.apply([{ name: "a", port: 1, label: "bad" }]);
  assert.deepEqual([failed.action, String(failed.error)], ["failed", "Error: bad label"]);
  assert.deepEqual([parts.running[0] === first, first.label], [true, "two"]);
  assert.deepEqual(log.splice(0), ["+one"]);
  assert.deepEqual(await parts.apply([{ name: "a", port: 2, label: "two" }]), [{ name: "a", action: "changed" }]);
  assert.deepEqual(log, ["-two", "+two"]);
});

Deno.test("roster: what can't start is told, left out, and tried again", async () => {
  const { roster: parts } = roster();
  const [, failed] = await parts.apply([{ name: "a", port: 1 }, { name: "b", port: 1 }]);
  assert.equal(failed.action, "failed");
  assert.match(String(failed.error), /1 is taken/);
  assert.deepEqual(parts.running.map(({ name }) => name), ["a"]);
  assert.deepEqual(await parts.apply([{ name: "b", port: 1 }]), [
    { name: "a", action: "removed" },
    { name: "b", action: "added" },
  ]);
});

Deno.test("roster: where nothing starts, what would take a new start goes", async () => {
  const { roster: parts, log } = roster();
  await parts.apply([{ name: "a", port: 1 }, { name: "b", port: 2 }, { name: "c", port: 3 }]);
  log();
  const changes = await parts.apply(
    [{ name: "a", port: 1 }, { name: "b", port: 4 }, { name: "d", port: 5 }],
    undefined,
    false,
  );
  assert.deepEqual(changes, [{ name: "b", action: "removed" }, { name: "c", action: "removed" }]);
  assert.deepEqual(log(), ["-b", "-c"]);
  assert.deepEqual(parts.running.map(({ name }) => name), ["a"]);
});

Deno.test("roster: what stays is left as it is, whether it is asked for in another form or not at all", async () => {
  const { roster: parts, log } = roster();
  await parts.apply([{ name: "a", port: 1 }, { name: "b", port: 2 }]);
  log();
  assert.deepEqual(await parts.apply([{ name: "b", port: 3 }], () => true), []);
  assert.deepEqual(log(), []);
  assert.deepEqual(parts.running.map(({ name, port }) => [name, port]), [["a", 1], ["b", 2]]);
  assert.equal((await parts.apply([{ name: "b", port: 3 }])).length, 2, "and goes when it need not stay");
});
