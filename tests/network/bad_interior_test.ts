/**
 * Interiors that break the rules of routing, or of good manners, at a Tendril interior: it says so in its log, its
 * memory stays bounded, and traffic between its edges goes on as if nothing were.
 */

import assert from "node:assert/strict";
import type { AdvertisedAddress } from "../../interior/routing/control_message.ts";
import { InteriorPeer } from "../support/interior_peer.ts";
import { type Network, withNetwork } from "../support/network.ts";
import { linkInteriors } from "../support/site_folder.ts";
import { SteadyTraffic } from "../support/steady_traffic.ts";
import { echo, server } from "../support/tcp.ts";
import { until } from "../support/until.ts";

/** Memory that an attack may cost the interior, in MiB: it takes in what is allowed, and that makes garbage. */
const MOST_GROWTH_MIB = 700;

/** Connects a bad peer called `id`. */
type Join = (id: string) => Promise<InteriorPeer>;

/** Resident memory of a process, in MiB. */
async function residentMib(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Runs `attack` on an interior between two edges with traffic. */
async function withstands(attack: (join: Join, network: Network) => Promise<void>): Promise<void> {
  using target = server(echo);
  const dir = await Deno.makeTempDir();
  await withNetwork({ echo: target.port }, async (network) => {
    await linkInteriors({ dir }, network.hubFolder);
    const traffic = new SteadyTraffic(network.ports.echo);
    const peers = new AsyncDisposableStack();
    try {
      await until(() => traffic.flows > 3);
      const { pid } = network.hub();
      const before = await residentMib(pid);
      await attack(async (id) => peers.use(await InteriorPeer.join(`${dir}/link-hub.yaml`, id)), network);
      const during = traffic.flows;
      await until(() => traffic.flows > during + 3);
      const growth = await residentMib(pid) - before;
      assert.ok(growth < MOST_GROWTH_MIB, `${growth} MiB more`);
    } finally {
      await peers.disposeAsync();
      await traffic[Symbol.asyncDispose]();
    }
    assert.deepEqual(traffic.failures, []);
  });
  await Deno.remove(dir, { recursive: true });
}

/** Waits for a line of the interior's log with `code`. */
function logged({ hub }: Network, code: string): Promise<void> {
  return until(() => hub().output().includes(code), 20_000);
}

function addresses(count: number, prefix: string): AdvertisedAddress[] {
  return Array.from({ length: count }, (_, at) => ({ key: `M${prefix}-${at}`, treatment: "balanced" }));
}

Deno.test("a link state with an impossible sequence is refused, with a line in the log", () =>
  withstands(async (join, network) => {
    const peer = await join("odd");
    peer.sayHello(["hub"]);
    const peers = new Map([["hub", 1]]);
    peer.say({ opcode: "LSU", id: "odd", instance: 1, linkStateSequence: 7, peers });
    peer.say({ opcode: "LSU", id: "odd", instance: 1, linkStateSequence: 3, peers: new Map() });
    peer.say({ opcode: "LSU", id: "odd", instance: 1, linkStateSequence: -1, peers });
    await logged(network, "ROUTER_CONTROL_MALFORMED");
    assert.match(network.hub().output(), /ls_seq is no sequence number/);
  }));

Deno.test("a peer that speaks in the name of others is not believed", () =>
  withstands(async (join, network) => {
    const peer = await join("liar");
    peer.sayHello(["hub"]);
    peer.say({ opcode: "HELLO", id: "somebody", instance: 1, seen: ["hub"] });
    await logged(network, "ROUTER_HELLO_FORGED");
    peer.say({ opcode: "LSU", id: "somebody", instance: 1, linkStateSequence: 9, peers: new Map([["hub", 1]]) });
    await logged(network, "ROUTER_ORIGIN_FORGED");
  }));

Deno.test("routing messages that are too large are refused", () =>
  withstands(async (join, network) => {
    const linkState = (id: string, names: readonly string[]) => {
      const peers = new Map(names.map((name) => [name, 1]));
      return { opcode: "LSU", id, instance: 1, linkStateSequence: 1, peers } as const;
    };
    const told = (reason: RegExp) => until(() => reason.test(network.hub().output()), 20_000);
    const many = await join("many");
    many.sayHello(["hub"]);
    many.say(linkState("many", Array.from({ length: 100_000 }, (_, at) => `router-${at}`)));
    await told(/peers: 4096 at most/);
    const long = await join("long");
    long.sayHello(["hub"]);
    long.say(linkState("long", Array.from({ length: 4000 }, (_, at) => "x".repeat(2500) + at)));
    await told(/a name is longer than 1024 characters/);
    const huge = await join("huge");
    huge.sayHello(["hub"]);
    huge.raw(new Uint8Array(40 * 1024 * 1024));
    await told(/a message is larger than 33554432 octets/);
  }));

Deno.test("a flood of HELLOs is borne", () =>
  withstands(async (join, network) => {
    const peer = await join("eager");
    let instance = 2;
    await peer.flood(20_000, 2000, (at) => {
      // Every other one is of a new life, every hundredth is forged.
      if (at % 2 === 0) instance++;
      peer.say({ opcode: "HELLO", id: at % 100 === 0 ? "other" : "eager", instance, seen: ["hub"] });
    });
    assert.ok(peer.connected);
    await logged(network, "ROUTER_HELLO_FORGED");
    const lines = network.hub().output().split("\n").filter((line) => line.includes("ROUTER_HELLO_FORGED"));
    assert.ok(lines.length < 10, `${lines.length} lines of the same`);
  }));

Deno.test("more addresses than a router may have are refused, in one message or in many", () =>
  withstands(async (join, network) => {
    const peer = await join("rich");
    peer.sayHello(["hub"]);
    const say = (mobileSequence: number, add: readonly AdvertisedAddress[], absolute: boolean) =>
      peer.say({
        opcode: "MAU",
        id: "rich",
        mobileSequence,
        ...(absolute ? { exist: add, add: [] } : { add }),
        remove: [],
      });
    say(1, addresses(200_001, "a"), true);
    await logged(network, "ROUTER_CONTROL_MALFORMED");
    await peer.flood(1, 0, () => say(2, addresses(200_000, "b"), true));
    await peer.flood(10, 0, (at) => say(3 + at, addresses(50_000, `c${at}`), false));
    await logged(network, "ROUTER_ADDRESSES");
  }));

Deno.test("a peer that stops reading is dropped", () =>
  withstands(async (join, network) => {
    const peer = await join("deaf");
    peer.sayHello(["hub"]);
    await until(() => peer.wire.arrived.length > 0);
    peer.stopReading();
    // Every question makes an answer that is not read.
    await peer.flood(10_000, 0, () => peer.say({ opcode: "LSR", id: "deaf" }));
    await until(() => !peer.connected, 20_000);
    await logged(network, "ROUTER_STALLED");
  }));
