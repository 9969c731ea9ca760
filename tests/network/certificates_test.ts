/** Certificates of running sites, with real processes: what becomes of flows when they change, and who is let in. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { issue } from "../../agent/pki/authority.ts";
import { factsOf } from "../../agent/pki/inspect.ts";
import { parseLinkFile, secretYaml } from "../../agent/site/link_file.ts";
import { loadResources } from "../../agent/site/load.ts";
import { tlsCredentials } from "../../agent/site/secrets.ts";
import { dial } from "../../agent/transport/dial.ts";
import { ask } from "../support/exchange.ts";
import { withNetwork } from "../support/network.ts";
import { freePort } from "../support/ports.ts";
import { untilListening } from "../support/processes.ts";
import { edgeFolder, type InteriorFolder, interiorFolder, linkInteriors, resource } from "../support/site_folder.ts";
import { SteadyTraffic } from "../support/steady_traffic.ts";
import { connect, echo, readInto, server, writeAll } from "../support/tcp.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";
import { WirePeer } from "../support/wire_peer.ts";

const LIMIT_MS = 30_000;
const MIB = 1024 * 1024;
const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

/** How often a process has said `text`. */
function said(process: { output(): string }, text: string): number {
  return process.output().split(text).length - 1;
}

/** Sends `octets` of noise, whole MiB, to the echo behind `conn`; true when they come back unchanged. */
async function exchangeMore(conn: Deno.TcpConn, octets: number): Promise<boolean> {
  const sent = createHash("sha256");
  const come = createHash("sha256");
  const block = new Uint8Array(MIB);
  crypto.getRandomValues(block.subarray(0, 65_536));
  const sending = (async () => {
    for (let at = 0; at < octets; at += MIB) {
      block[0] = at / MIB;
      sent.update(block);
      await writeAll(conn, block.slice());
    }
  })();
  const piece = new Uint8Array(MIB);
  for (let at = 0; at < octets; at += MIB) {
    if (!await readInto(conn, piece)) return false;
    come.update(piece);
  }
  await sending;
  return sent.digest("hex") === come.digest("hex");
}

Deno.test("certificates: a flow of 100 MiB runs through while the certificate of the interior is replaced three times", async () => {
  using target = server(echo);
  await withNetwork({ echo: target.port }, async ({ ports, hub, hubFolder }) => {
    const port = ports["echo"]!;
    using conn = await connect(port);
    await using traffic = new SteadyTraffic(port);
    assert.ok(await exchangeMore(conn, 25 * MIB));
    for (const [index, host] of ["one.example", "two.example", "three.example"].entries()) {
      const { code, stdout, stderr } = await tendril("link", "generate", "--dir", hubFolder.dir, "--host", host);
      assert.equal(code, 0, stderr);
      // Both roles of the RouterAccess.
      await until(() => said(hub(), "resource changed") >= 2 * (index + 1), LIMIT_MS);
      assert.ok(await exchangeMore(conn, 25 * MIB));
      // Whoever comes now is shown the new one: the old one does not name this host.
      const [link] = parseLinkFile(stdout, "link.yaml");
      const way = { host: "127.0.0.1", port: hubFolder.edgePort, websocket: false, timeoutMs: LIMIT_MS };
      (await dial({ ...way, serverName: host, tls: link.tls }, new AbortController().signal)).destroy();
    }
    const flows = traffic.flows;
    await until(() => traffic.flows > flows + 10, LIMIT_MS);
    assert.deepEqual(traffic.failures, []);
    assert.ok(!/peer gone.*(west|east)/.test(hub().output()), "no edge has lost its link");
  });
});

/** Another link file for the site in `dir`, as `file`. */
async function relink(hub: InteriorFolder, file: string): Promise<void> {
  const { code, stdout, stderr } = await tendril("link", "generate", "--dir", hub.dir, "--host", "127.0.0.1");
  assert.equal(code, 0, stderr);
  await Deno.writeTextFile(`${file}.tmp`, stdout, { mode: 0o600 });
  await Deno.rename(`${file}.tmp`, file);
}

Deno.test("certificates: edges that get other credentials move their links: the flow they have goes on, new ones too", async () => {
  using target = server(echo);
  await withNetwork({ echo: target.port }, async ({ ports, hub, hubFolder, west, east }) => {
    const port = ports["echo"]!;
    const conn = await connect(port);
    assert.ok(await exchangeMore(conn, 2 * MIB));
    {
      await using traffic = new SteadyTraffic(port);
      const folder = hubFolder.dir.replace(/hub$/, "");
      for (const [process, name] of [[west, "west"], [east, "east"]] as const) {
        await relink(hubFolder, `${folder}${name}/link.yaml`);
        await until(() => said(process, "link has moved") === 1, LIMIT_MS);
        const { flows } = traffic;
        await until(() => traffic.flows > flows + 20, LIMIT_MS);
      }
      assert.deepEqual(traffic.failures, []);
    }
    assert.ok(await exchangeMore(conn, 20 * MIB), "the flow goes on over the connections it began on");
    assert.ok(!/peer gone.*(west|east)/.test(hub().output()), "which are kept for it");
    conn.close();
    for (const name of ["west", "east"]) {
      await until(() => new RegExp(`peer gone.*${name}`).test(hub().output()), LIMIT_MS);
    }
    assert.equal(said(west, "listener is closed"), 0);
  });
});

Deno.test("certificates: a link whose new credentials do not work keeps the old ones, and says so", async () => {
  using target = server(echo);
  await withNetwork({ echo: target.port }, async ({ ports, hubFolder, west }) => {
    await using traffic = new SteadyTraffic(ports["echo"]!);
    const folder = hubFolder.dir.replace(/hub$/, "");
    const file = `${folder}west/link.yaml`;
    // The link of another site, with the Link as it is.
    const other = await interiorFolder(`${folder}other`, "other");
    const made = await tendril("link", "generate", "--dir", other.dir, "--host", "127.0.0.1", "--name", "link-hub");
    const [secret] = made.stdout.split(/(?=---\napiVersion: skupper)/);
    const link = (await Deno.readTextFile(file)).split(/(?=---\napiVersion: skupper)/)[1];
    await Deno.writeTextFile(`${file}.tmp`, `${secret}${link}`, { mode: 0o600 });
    await Deno.rename(`${file}.tmp`, file);
    await until(() => /keeps the old ones.*LINK_TLS_CA/.test(west.output()), LIMIT_MS);
    const { flows } = traffic;
    await until(() => traffic.flows > flows + 20, LIMIT_MS);
    // One that works is taken, whatever came before.
    await relink(hubFolder, file);
    await until(() => said(west, "link has moved") === 1, LIMIT_MS);
    assert.deepEqual(traffic.failures, []);
    assert.equal(said(west, "link is down"), said(west, "LINK_REFUSED"), "but for the start, when nobody listened yet");
  });
});

Deno.test("certificates: a link between interiors moves to other credentials: no flow is lost in either direction", async () => {
  using target = server(echo);
  const dir = await Deno.makeTempDir();
  const [near, far] = [await interiorFolder(`${dir}/near`, "near"), await interiorFolder(`${dir}/far`, "far")];
  await linkInteriors(near, far);
  const ports: number[] = [];
  for (const [listening, serving] of [[near, far], [far, near]] as const) {
    const key = listening === near ? "out" : "back";
    const port = freePort();
    ports.push(port);
    await Deno.writeTextFile(`${listening.dir}/listener.yaml`, resource("Listener", { key, port }));
    await Deno.writeTextFile(`${serving.dir}/connector.yaml`, resource("Connector", { key, port: target.port }));
  }
  const [one, other] = [startTendril("near", ["run", near.dir]), startTendril("far", ["run", far.dir])];
  try {
    for (const port of ports) await untilListening(port, one, LIMIT_MS);
    const conns = await Promise.all(ports.map(connect));
    for (const conn of conns) assert.ok(await exchangeMore(conn, 2 * MIB));
    {
      await using there = new SteadyTraffic(ports[0]!);
      await using back = new SteadyTraffic(ports[1]!);
      for (const times of [1, 2]) {
        await relink(far, `${near.dir}/link-far.yaml`);
        await until(() => said(one, "link has moved") === times, LIMIT_MS);
        const flows = [there.flows, back.flows];
        await until(() => there.flows > flows[0]! + 20 && back.flows > flows[1]! + 20, LIMIT_MS);
      }
      assert.deepEqual([there.failures, back.failures], [[], []]);
    }
    for (const conn of conns) assert.ok(await exchangeMore(conn, 10 * MIB), "the old connection carries what it had");
    // The connections in the middle have nothing to carry any more; a link has two, one of them for streams.
    await until(() => said(other, "peer gone") === 2, LIMIT_MS);
    for (const conn of conns) conn.close();
    await until(() => said(other, "peer gone") === 4, LIMIT_MS);
    assert.deepEqual([said(one, "listener is closed"), said(other, "listener is closed")], [0, 0]);
  } catch (error) {
    console.error(`${one.output().slice(-3000)}\n${other.output().slice(-3000)}`);
    throw error;
  } finally {
    await Promise.all([one.stop(), other.stop()]);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("certificates: those of a running interior that are due, or have expired, are renewed under load", async () => {
  using target = server(echo);
  await withNetwork({ echo: target.port }, async ({ ports, hub, hubFolder: { dir, edgePort } }) => {
    const port = ports["echo"]!;
    using conn = await connect(port);
    await using traffic = new SteadyTraffic(port);
    const { secrets } = await loadResources(dir);
    const authority = tlsCredentials(secrets.get("skupper-site-ca")!, "authority");
    const common = { authority, commonName: "hub", hosts: ["127.0.0.1"], client: true, server: true };
    const [link] = parseLinkFile(
      (await tendril("link", "generate", "--dir", dir, "--host", "127.0.0.1")).stdout,
      "link",
    );
    // Valid for twenty minutes more of eighty, and until an hour ago.
    for (const [index, [age, life]] of [[0, 20 / 60], [4, 3]].entries()) {
      const [now, years] = [Date.now() - age! * HOUR, life! * HOUR / YEAR];
      await Deno.writeTextFile(`${dir}/new`, secretYaml("hub", await issue({ ...common, years, now })), {
        mode: 0o600,
      });
      await Deno.rename(`${dir}/new`, `${dir}/Secret-hub.yaml`);
      await until(() => said(hub(), "certificate renewed") === index + 1, LIMIT_MS);
      assert.ok(await exchangeMore(conn, 10 * MIB));
    }
    // The last one is in use.
    const way = { host: "127.0.0.1", port: edgePort, websocket: false, timeoutMs: LIMIT_MS };
    await until(async () => {
      const channel = await dial({ ...way, tls: link.tls }, new AbortController().signal).catch(() => undefined);
      channel?.destroy();
      return channel !== undefined;
    }, LIMIT_MS);
    const { flows } = traffic;
    await until(() => traffic.flows > flows + 10, LIMIT_MS);
    assert.deepEqual(traffic.failures, []);
    assert.ok(!/peer gone.*(west|east)/.test(hub().output()), "no edge has lost its link");
    const { stdout } = await tendril("network", "status", "--dir", dir, "-o", "json");
    const [{ name, use, expires }] = JSON.parse(stdout).certificates;
    assert.deepEqual([name, use], ["hub", "port"]);
    assert.ok(Date.parse(expires) > Date.now() + YEAR);
    assert.match((await tendril("network", "status", "--dir", dir)).stdout, /Certificates of this site\n.*DAYS LEFT/);
  });
});

/** Serial number of the certificate in a link file. */
async function serialIn(file: string): Promise<string> {
  const [link] = parseLinkFile(await Deno.readTextFile(file), file);
  return factsOf(link!.tls.cert).serial;
}

Deno.test("certificates: a site that is revoked loses its link at once, with the reason on both sides; others lose no flow", async () => {
  using target = server(echo);
  await withNetwork({ echo: target.port }, async ({ ports, hub, hubFolder }) => {
    const { dir, interRouterPort, edgePort } = hubFolder;
    const stolen = `${dir.replace(/hub$/, "")}stolen`;
    await edgeFolder(stolen, "stolen", hubFolder, {});
    await using thief = startTendril("stolen", ["run", stolen]);
    await until(() => said(thief, "link is active") === 1, LIMIT_MS);
    await using traffic = new SteadyTraffic(ports["echo"]!);
    // What is wrong with other files keeps nobody in.
    await Deno.writeTextFile(`${dir}/broken.yaml`, "kind: [not closed");
    await until(() => said(hub(), "resources were not applied") === 1, LIMIT_MS);
    const revoke = (id: string) => tendril("certificate", "revoke", id, "--dir", dir, "--note", "stolen");
    const { code, stderr } = await revoke((await serialIn(`${stolen}/link.yaml`)).toLowerCase());
    assert.equal(code, 0, stderr);
    await until(() => /peer is disconnected.*stolen.*LINK_TLS_REVOKED/.test(hub().output()), LIMIT_MS);
    await until(() => /link is down.*LINK_NOT_ALLOWED.*was revoked/.test(thief.output()), LIMIT_MS);
    // It tries again, is refused, and never takes itself for linked.
    await until(() => /peer refused.*LINK_TLS_REVOKED/.test(hub().output()), LIMIT_MS);
    assert.equal(said(thief, "link is active"), 1);
    await Deno.remove(`${dir}/broken.yaml`);
    // By fingerprint, for a certificate that never came: it opens no door, at either port.
    const made = await tendril("link", "generate", "--dir", dir, "--host", "127.0.0.1");
    const [link] = parseLinkFile(made.stdout, "link");
    await revoke(factsOf(link!.tls.cert).fingerprint);
    for (const port of [interRouterPort, edgePort]) {
      await until(async () => {
        const options = { host: "127.0.0.1", port, websocket: false, timeoutMs: LIMIT_MS, tls: link.tls };
        const peer = new WirePeer(await dial(options, new AbortController().signal), "client", "R9");
        await until(() => peer.gone !== undefined, LIMIT_MS);
        return peer.gone?.remote?.condition === "amqp:unauthorized-access";
      }, LIMIT_MS);
    }
    const { stdout } = await tendril("certificate", "status", "--dir", dir, "-o", "json");
    assert.equal(JSON.parse(stdout).revoked.length, 2);
    // Taken back by hand.
    await Deno.remove(`${dir}/revoked.txt`);
    await until(() => said(thief, "link is active") === 2, LIMIT_MS);
    assert.deepEqual(traffic.failures, []);
  });
});

Deno.test("certificates: the authority of a running interior is rotated: both count for a window, then one alone", async () => {
  using target = server(echo);
  await withNetwork({ echo: target.port }, async ({ ports, hub, hubFolder, west, east }) => {
    const { dir, edgePort } = hubFolder;
    const folder = dir.replace(/hub$/, "");
    const port = ports["echo"]!;
    const lost = said(east, "link is down");
    using conn = await connect(port);
    {
      await using traffic = new SteadyTraffic(port);
      const { code, stderr } = await tendril("certificate", "rotate-ca", "--dir", dir, "--window", "1h");
      assert.equal(code, 0, stderr);
      await until(() => said(hub(), "resource changed") >= 2, LIMIT_MS);
      // Who knows the old authority alone connects again, and whoever comes with a new link file as well.
      const [old] = parseLinkFile(await Deno.readTextFile(`${folder}west/link.yaml`), "link");
      const way = { host: "127.0.0.1", port: edgePort, websocket: false, timeoutMs: LIMIT_MS };
      (await dial({ ...way, tls: old.tls }, new AbortController().signal)).destroy();
      await relink(hubFolder, `${folder}east/link.yaml`);
      await until(() => said(east, "link has moved") === 1, LIMIT_MS);
      const { flows } = traffic;
      await until(() => traffic.flows > flows + 20, LIMIT_MS);
      assert.ok(await exchangeMore(conn, 10 * MIB));
      assert.deepEqual(traffic.failures, []);
      const again = await tendril("certificate", "rotate-ca", "--dir", dir);
      assert.match(again.stderr, /SITE_HANDOVER/);
    }
    // The window ends: here at once, by a hand in the file.
    const secret = `${dir}/Secret-skupper-site-ca.yaml`;
    const past = new TextEncoder().encode(new Date(Date.now() - 1000).toISOString()).toBase64();
    const text = (await Deno.readTextFile(secret)).replace(/previous-until: .*/, `previous-until: ${past}`);
    await Deno.writeTextFile(`${dir}/new`, text, { mode: 0o600 });
    await Deno.rename(`${dir}/new`, secret);
    await until(() => /link is down.*not trusted any more/.test(west.output()), LIMIT_MS);
    assert.equal(said(east, "link is down"), lost);
    await until(async () => !(await Deno.readTextFile(secret)).includes("previous"), LIMIT_MS);
    await relink(hubFolder, `${folder}west/link.yaml`);
    await until(() => said(west, "link is active") === 2, LIMIT_MS);
    await until(async () => (await ask(port, new Uint8Array(1000)).catch(() => [])).length === 1000, LIMIT_MS);
  });
});
