/**
 * Policies over the wire: what they refuse at an interior to peers that ask for it all the same, because nothing at
 * those keeps them from it: raw AMQP by our engine, and another make's.
 */

import assert from "node:assert/strict";
import { withHub } from "../support/policy_hub.ts";
import { run } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { until } from "../support/until.ts";
import { begin, message, send } from "../support/wire_peer.ts";
import { STREAMING } from "../../agent/router/annotations.ts";
import { EDGE_DOWNLINK, terminus } from "../../agent/router/capabilities.ts";

const UNAUTHORIZED = "amqp:unauthorized-access";

/** West may offer and use what its rules say; all that is not named is denied. */
const SHOPS = {
  name: "shops",
  default: "deny",
  rules: [
    { peers: [{ site: "west" }], link: ["edge"], offer: ["web", "shop.*"], consume: ["web", "shop.*", "mc/all"] },
    { name: "operators", peers: [{ commonName: "ops-*" }], link: ["edge", "client"], consume: ["*"] },
    { name: "interiors", peers: [{ commonName: "hub-*" }], link: ["inter-router"] },
  ],
} as const;

Deno.test("policy: who links, and in which role, is decided by its certificate", () =>
  withHub([SHOPS], async (hub) => {
    const allowed = await hub.peer("west");
    assert.equal(await allowed.verdict(), "welcome");
    for (
      const [name, id, role, why] of [
        ["east", "east", "edge", "no rule of Policy shops allows it"],
        // The name that a peer gives itself counts for nothing without a certificate that says the same.
        ["east", "west", "edge", "no rule of Policy shops allows it"],
        ["west", "liar", "edge", "no rule of Policy shops allows it"],
        ["west", "west", "inter-router", "no rule of Policy shops allows it"],
        ["west", "west", "normal", "no rule of Policy shops allows it"],
      ] as const
    ) {
      const verdict = await (await hub.peer(name, id, role)).verdict();
      const linkRole = role === "normal" ? "client" : role;
      assert.equal(verdict, `${UNAUTHORIZED} hub does not let ${name} link as ${linkRole}: ${why}`);
    }
    assert.equal(await (await hub.peer("ops-1", "any", "normal")).verdict(), "welcome");
    assert.equal(await (await hub.peer("hub-2", "hub-2", "inter-router")).verdict(), "welcome");
    assert.deepEqual(hub.audit.map(({ action, role, commonName, peer }) => [action, role, commonName, peer]), [
      ["link", "edge", "east", "east"],
      ["link", "edge", "east", "west"],
      ["link", "edge", "west", "liar"],
      ["link", "inter-router", "west", "west"],
      ["link", "client", "west", "west"],
    ]);
    assert.match(String(hub.audit[0]?.fingerprint), /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  }));

Deno.test("policy: an edge serves the keys it may, and none of the others is known to the network", () =>
  withHub([SHOPS], async (hub) => {
    const west = await hub.peer("west");
    assert.equal(await west.offer("web"), undefined);
    assert.equal(await west.offer("shop.eu"), undefined);
    for (const address of ["db", "webb", "shopxeu", "mc/all", "$management", "_topo/0/R2/x"]) {
      assert.equal(
        await west.offer(address),
        `${UNAUTHORIZED} hub does not let west offer ${address}: no rule of Policy shops allows it`,
      );
    }
    const anywhere = await (await hub.peer("ops-1")).wire.sender({});
    const lost = send(anywhere, message({ to: "db" }));
    send(anywhere, message({ to: "shop.eu" }));
    await until(() => lost.states.length > 0 && west.wire.arrived.length > 0);
    assert.equal(lost.states[0]?.state?.kind, "released");
    const last = hub.audit.at(-1);
    assert.deepEqual([last?.action, last?.routingKey, last?.access], ["offer", "_topo/0/R2/x", "links"]);
  }));

Deno.test("policy: what is sent to an edge by its name goes to that edge alone", () =>
  withHub([SHOPS], async (hub) => {
    const west = await hub.peer("west");
    assert.equal(await west.offer(terminus("west", EDGE_DOWNLINK)), undefined);
    assert.match(await west.offer(terminus("east", EDGE_DOWNLINK)) ?? "", /does not let west offer east/);
  }));

Deno.test("policy: a link to a key that may not be sent to is refused", () =>
  withHub([SHOPS], async (hub) => {
    const west = await hub.peer("west");
    assert.equal(await west.consume("web"), undefined);
    for (
      const [address, name] of [["db", "db"], ["amqp:/db", "db"], ["amqp://h/db/", "db"], [
        "_local/$management",
        "$management",
      ]]
    ) {
      assert.equal(
        await west.consume(address!),
        `${UNAUTHORIZED} hub does not let west send to ${name}: no rule of Policy shops allows it`,
      );
    }
  }));

Deno.test("policy: on a link for any address every message is asked about, streams and overrides too", () =>
  withHub([SHOPS], async (hub) => {
    const west = await hub.peer("west");
    const uplink = await west.wire.sender({});
    const outcome = async (octets: Uint8Array) => {
      const sent = send(uplink, octets);
      await until(() => sent.states.length > 0);
      const state = sent.states[0]?.state;
      return state?.kind === "rejected" ? state.error?.condition : state?.kind;
    };
    // Nobody is there: what is allowed is released.
    assert.equal(await outcome(message({ to: "web" })), "released");
    assert.equal(await outcome(message({ to: "amqp:/_edge/east/temp.1" })), "released", "an answer");
    for (
      const to of ["db", "/db", "amqp:/db.", "$management", "_topo/0/R2/$management", "amqp:/_edge/e/$management/"]
    ) assert.equal(await outcome(message({ to })), UNAUTHORIZED, to);
    assert.equal(await outcome(message({ to: "web", annotations: { toOverride: "db" } })), UNAUTHORIZED);
    assert.equal(await outcome(message({ to: "db", annotations: { toOverride: "web" } })), "released");
    const stream = begin(uplink, message({ to: "db", annotations: { flags: STREAMING } }));
    await until(() => stream.states.length > 0);
    const state = stream.states[0]?.state;
    assert.deepEqual(state?.kind === "rejected" ? state.error : state, {
      condition: UNAUTHORIZED,
      description: "hub does not let west send to db: no rule of Policy shops allows it",
    });
    stream.delivery.end();
    const ops = await hub.peer("ops-1");
    const asked = send(await ops.wire.sender({}), message({ to: "$management" }));
    await until(() => asked.states.length > 0);
    assert.notEqual(
      asked.states[0]?.state?.kind === "rejected" && asked.states[0].state.error?.condition,
      UNAUTHORIZED,
    );
  }));

Deno.test("policy: with allow as the default, rules take away; the first one that fits decides", () => {
  const rules = [
    { peers: [{ commonName: "west" }], offer: ["db"] },
    { name: "guarded", effect: "deny", offer: ["db"], consume: ["secret.*"] },
  ] as const;
  return withHub([{ name: "open", default: "allow", rules }], async (hub) => {
    const [west, east] = [await hub.peer("west"), await hub.peer("east")];
    assert.equal(await west.offer("db"), undefined);
    assert.match(await east.offer("db") ?? "", /hub does not let east offer db: guarded of Policy open denies it$/);
    assert.equal(await east.offer("anything"), undefined);
    assert.match(await west.consume("secret.plans") ?? "", /guarded of Policy open denies it$/);
    assert.equal(await west.consume("public"), undefined);
  });
});

Deno.test("policy: which plugins a peer fetches is decided by its certificate, whatever sort of peer it is", () => {
  const [one, other] = ["ab", "cd"].map((octet) => octet.repeat(32));
  const rules = [
    { link: ["edge"] },
    { peers: [{ commonName: "west" }], load: [{ sha256: `sha256:${one}` }] },
    { peers: [{ commonName: "ops" }], consume: ["_tendril/adaptors/*"] },
  ] as const;
  return withHub([{ name: "plugins", default: "deny", rules }], async (hub) => {
    const [west, east, ops] = [await hub.peer("west"), await hub.peer("east"), await hub.peer("ops")];
    const at = (digest: string) => `_tendril/adaptors/${digest}`;
    const refusal = (who: string, digest: string) =>
      `hub does not let ${who} load the plugin sha256:${digest}: no rule of Policy plugins allows it`;
    assert.equal(await west.consume(at(one!)), undefined);
    assert.equal(await west.consume(at(other!)), `${UNAUTHORIZED} ${refusal("west", other!)}`);
    assert.equal(await east.consume(at(one!)), `${UNAUTHORIZED} ${refusal("east", one!)}`);
    assert.equal(await ops.consume(at(other!)), undefined, "to fetch is to send to its address");
    // A peer that was changed asks on its link for any address, in whichever way the address can be written.
    const outcome = async (peer: typeof west, to: string, annotations = {}) => {
      const sent = send(await peer.wire.sender({}), message({ to, annotations }));
      await until(() => sent.states.length > 0);
      const state = sent.states[0]?.state;
      return state?.kind === "rejected" ? state.error?.description : state?.kind;
    };
    assert.equal(await outcome(west, at(one!)), "released", "nobody has it, but it may be asked for");
    for (const to of [at(one!), `amqp:/${at(one!)}`, `/${at(one!)}`, `amqp://host/${at(one!)}`]) {
      assert.equal(await outcome(east, to), refusal("east", one!), to);
    }
    assert.equal(await outcome(east, "web", { toOverride: at(one!) }), refusal("east", one!));
    const { action, plugin, commonName, reason } = hub.audit.at(-1)!;
    assert.deepEqual({ action, plugin, commonName, reason }, {
      action: "load",
      plugin: `sha256:${one}`,
      commonName: "east",
      reason: refusal("east", one!),
    });
    const deny = [{ name: "recalled", effect: "deny", load: [{ sha256: `sha256:${one}` }] }] as const;
    await hub.apply([{ name: "open", default: "allow", rules: deny }]);
    assert.match(await outcome(west, at(one!)) ?? "", /recalled of Policy open denies it$/);
    assert.equal(await outcome(west, at(other!)), "released");
  });
});

Deno.test("policy: a fingerprint is one certificate, and no other with the same name", () =>
  withHub([], async (hub) => {
    const first = await hub.peer("west");
    const { fingerprint } = first;
    const twin = await hub.peer("west");
    const rules = [{ peers: [{ fingerprint }], link: ["edge"], offer: ["*"] }] as const;
    await hub.apply([{ name: "one", default: "deny", rules }]);
    await until(() => twin.closed !== undefined);
    assert.equal(await first.offer("web"), undefined);
    assert.match(await (await hub.peer("west")).verdict(), /^amqp:unauthorized-access/);
  }));

Deno.test("policy: a change holds at once, for links and connections that are there too", () =>
  withHub([], async (hub) => {
    const [west, east] = [await hub.peer("west"), await hub.peer("east")];
    assert.equal(await west.offer("db"), undefined);
    assert.equal(await west.offer("web"), undefined);
    const uplink = await west.wire.sender({});
    assert.deepEqual(await hub.apply([SHOPS]), ["Policy shops added"]);
    await until(() => west.detached.length === 1 && east.closed !== undefined);
    assert.deepEqual(west.detached, [
      `${UNAUTHORIZED} hub does not let west offer db: no rule of Policy shops allows it`,
    ]);
    assert.match(east.closed ?? "", /hub does not let east link as edge/);
    const refused = send(uplink, message({ to: "db" }));
    await until(() => refused.states.length > 0);
    assert.equal(refused.states[0]?.state?.kind, "rejected");
    assert.deepEqual(await hub.apply([]), ["Policy shops removed"]);
    const released = send(uplink, message({ to: "db" }));
    await until(() => released.states.length > 0);
    assert.equal(released.states[0]?.state?.kind, "released");
    assert.equal(await west.offer("db"), undefined);
  }));

Deno.test("policy: who is refused again and again does not fill the log, and what was left out is counted", () =>
  withHub([SHOPS], async (hub) => {
    const west = await hub.peer("west");
    const uplink = await west.wire.sender({});
    const refusals = async (count: number) => {
      const sent = Array.from({ length: count }, (_, at) => send(uplink, message({ to: `db.${at}` })));
      await until(() => sent.every(({ states }) => states.length > 0));
    };
    await refusals(200);
    assert.ok(hub.audit.length >= 20 && hub.audit.length < 30, `${hub.audit.length} lines`);
    // By and by there is one more.
    const before = hub.audit.length;
    await until(async () => {
      await refusals(1);
      return hub.audit.length > before;
    });
    assert.ok(Number(hub.audit.at(-1)?.before) > 150, "the log says how many it leaves out");
  }));

const PROTON = `
import sys
from proton import Message, SSLDomain
from proton.utils import BlockingConnection, LinkDetached, SendException
url, cert, key = sys.argv[1:]
tls = SSLDomain(SSLDomain.MODE_CLIENT)
tls.set_credentials(cert, key, None)
tls.set_peer_authentication(SSLDomain.ANONYMOUS_PEER)
edge = BlockingConnection(url, timeout=10, ssl_domain=tls, allowed_mechs="EXTERNAL")
edge.container.container_id = "west"
def refused(action):
    try:
        action()
    except LinkDetached as error:
        print(error.condition, flush=True)
        return
    print("allowed", flush=True)
refused(lambda: edge.create_receiver("web"))
refused(lambda: edge.create_receiver("db"))
refused(lambda: edge.create_sender("db"))
anywhere = edge.create_sender(None)
for to in ("web", "db"):
    try:
        anywhere.send(Message(address=to, body="x"))
        print("accepted", flush=True)
    except SendException as error:
        print(error.state.name if hasattr(error.state, "name") else error.state, flush=True)
edge.close()
`;

testWith(["python3"], "policy: another make that plays an edge gets no further", async () => {
  const rules = [{ peers: [{ commonName: "west" }], link: ["edge"], offer: ["web"], consume: ["web"] }] as const;
  await withHub([{ name: "shops", default: "deny", rules }], async (hub) => {
    const dir = await Deno.makeTempDir();
    try {
      const { cert, key } = await hub.credentials("west");
      const files = { cert, key };
      for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${dir}/${name}.pem`, text);
      const paths = ["cert", "key"].map((name) => `${dir}/${name}.pem`);
      const url = `amqps://localhost:${hub.port("edge")}`;
      const { code, stdout, stderr } = await run("/usr/bin/python3", ["-c", PROTON, url, ...paths]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(stdout.trim().split("\n"), [
        "allowed",
        UNAUTHORIZED,
        UNAUTHORIZED,
        "RELEASED",
        "REJECTED",
      ]);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
});
