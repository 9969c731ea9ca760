/**
 * One run: a network, an hour of bad luck in a minute of virtual time, and then what must hold once all is well again.
 *
 * The seed decides everything: topology, costs, delays, clocks, faults, traffic. The code under test is that of
 * production; only time and cables are made here.
 */

import { addressesHold, Checks, ledgerHolds, linkCosts, nothingLeft, probesHold, routesHold } from "./checks.ts";
import { FAULTS, stop } from "./faults.ts";
import { LEAVE_MS } from "./node.ts";
import { Random } from "./random.ts";
import { VirtualTime } from "./virtual_time.ts";
import { World } from "./world.ts";

/** What came of a run. */
export interface Outcome {
  /** What the run was made from. */
  readonly seed: number;
  /** Things that happened: timers, arrivals. */
  readonly events: number;
  /** Faults that befell the network. */
  readonly faults: number;
  /** Messages sent. */
  readonly messages: number;
  /** Checks made. */
  readonly checks: number;
  /** Virtual ms from the last repair until all routes and addresses were right. */
  readonly convergedMs: number;
  /** What did not hold; empty when all is well. */
  readonly failures: readonly string[];
}

/** Faults and background traffic begin now, and end then, in ms. */
const CHAOS_FROM = 4_000;
const CHAOS_TO = 40_000;
/**
 * Time in which a network must be right again, in ms: a silent peer is given up after the idle time-out of 16 s, a
 * connection attempt after 10 s, and the next one waits for up to 2 s.
 */
const CONVERGENCE_MS = 45_000;
/** Time for the outcomes of probes, in ms: each way may take a second, and consumers think for up to 200 ms. */
const PROBES_MS = 8_000;
/** How often the probes are sent again when a measured cost has changed meanwhile. */
const PROBE_ATTEMPTS = 20;
/** Time after which nobody may remember what was withdrawn, in ms. */
const WITHDRAWAL_MS = 8_000;
/** The most faults of a run. */
const MAX_FAULTS = 14;

/**
 * Runs the network of `seed`. `tell` hears the story, line by line. With `departures`, every second fault is a node that
 * stops, and interiors leave first.
 */
export async function simulate(
  seed: number,
  tell: (line: string) => void = () => {},
  departures = false,
): Promise<Outcome> {
  const random = new Random(seed);
  const time = new VirtualTime();
  const story = (text: string) => tell(`${(time.now / 1000).toFixed(3).padStart(8)} ${text}`);
  const world = new World(random, { time, random, story, departures });
  const checks = new Checks();
  for (const { name, client, server, cost, measured, latency } of world.cables) {
    story(`${name}: ${client.id} to ${server.id}, cost ${measured ? "measured" : cost}, ${latency.toFixed(1)} ms`);
  }
  for (const { name, treatment } of world.offers) story(`${name}: ${treatment}`);

  for (const node of world.nodes) time.at(random.between(0, 2000), () => node.start());
  const faults = random.int(0, MAX_FAULTS);
  const repairs: (() => void)[] = [];
  for (let fault = 0; fault < faults; fault++) {
    const from = random.between(CHAOS_FROM, CHAOS_TO);
    const lasts = random.chance(0.5) ? random.between(10, 2000) : random.between(2000, 30_000);
    time.at(from, () => {
      const fault = departures && random.chance(0.5) ? stop : random.pick(FAULTS);
      const repair = fault(world, random, story);
      let done = false;
      const once = () => {
        if (!done) repair();
        done = true;
      };
      repairs.push(once);
      time.at(Math.min(from + lasts, CHAOS_TO), once);
    });
  }
  const keys = [...world.keys.keys()];
  for (let message = random.int(0, 60); message > 0; message--) {
    time.at(random.between(CHAOS_FROM, CHAOS_TO), () => {
      const node = random.pick(world.nodes);
      const [key, stream] = [random.pick(keys), random.chance(0.4)];
      if (node.running) node.clock.run(() => world.traffic.send(node, key, stream));
    });
  }
  await time.run(CHAOS_TO);
  for (const repair of repairs) repair();

  const converged = () => {
    const dry = new Checks();
    if (world.nodes.some(({ running }) => !running)) return false;
    if (world.edges.some(({ uplink }) => uplink === undefined)) return false;
    routesHold(world, dry);
    addressesHold(world, dry);
    return dry.failures.length === 0;
  };
  do await time.run(time.now + 500); while (time.now < CHAOS_TO + CONVERGENCE_MS && !converged());
  const convergedMs = time.now - CHAOS_TO;
  const right = converged();
  story(right ? `converged after ${convergedMs} ms` : "has not converged");
  if (!right) describe(world, story);
  checks.that(world.nodes.every(({ running }) => running), () => "a node has not come back");
  if (checks.failures.length === 0) {
    await probe(world, time, checks, converged, story);
    ledgerHolds(world.traffic.sent, checks, new Set(keys.filter((key) => world.keys.get(key) === "multicast")));
    for (const offer of world.offers) world.traffic.withdraw(offer);
    await time.run(time.now + WITHDRAWAL_MS);
    nothingLeft(world, checks);
    for (const node of world.nodes) node.stop();
    await time.run(time.now + LEAVE_MS + WITHDRAWAL_MS);
    checks.that(!time.pending, () => "timers go on after everything was stopped");
  }
  const messages = world.traffic.sent.length;
  return { seed, events: time.events, faults, messages, checks: checks.made, convergedMs, failures: checks.failures };
}

/** Sends messages from everywhere to everything, and checks where they go. */
async function probe(
  world: World,
  time: VirtualTime,
  checks: Checks,
  converged: () => boolean,
  story: (text: string) => void,
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    // Edges learn of addresses a moment later, and measured costs may change at any time.
    await time.run(time.now + 2000);
    for (let wait = 0; wait < 10 && !converged(); wait++) await time.run(time.now + 500);
    const before = JSON.stringify(linkCosts(world));
    const probes = world.nodes.flatMap((node) =>
      [...world.keys.keys()].flatMap((
        key,
      ) => [world.traffic.send(node, key, false), world.traffic.send(node, key, true)])
    );
    await time.run(time.now + PROBES_MS);
    // While a cost changes, paths do, and messages may fall between them.
    if (attempt < PROBE_ATTEMPTS && JSON.stringify(linkCosts(world)) !== before) continue;
    routesHold(world, checks);
    addressesHold(world, checks);
    probesHold(world, probes, checks);
    if (checks.failures.length > 0) describe(world, story);
    return;
  }
}

/** What each interior knows. */
function describe({ interiors }: World, story: (text: string) => void): void {
  for (const { id, running, transit } of interiors) {
    if (!running) continue;
    const { engine } = transit;
    const costs = (peers: ReadonlyMap<string, number>) => [...peers].map(([peer, cost]) => `${peer}:${cost}`).join(" ");
    const own = new Map([...engine.adjacencies].map(([peer, { cost }]) => [peer, cost]));
    story(`${id} has neighbours [${costs(own)}]`);
    for (const { id: other, instance, linkStateSequence, peers, mobileSequence, addresses } of engine.nodes.values()) {
      const versions = `life ${instance}, link state ${linkStateSequence} [${costs(peers)}]`;
      story(`  knows ${other}: ${versions}, addresses ${mobileSequence} [${[...addresses.keys()].join(" ")}]`);
    }
  }
}
