/** Ports of services that let in clients with a certificate alone, and the tickets by which others would get in. */

import assert from "node:assert/strict";
import { TestAuthority } from "../../agent/transport/testing_certs.ts";
import { freePort } from "../support/ports.ts";
import { type Process, run, untilListening } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { writeSecret } from "../support/secure_site.ts";
import { interiorFolder, resource } from "../support/site_folder.ts";
import { echo, server } from "../support/tcp.ts";
import { startTendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;
const NAMES = { name: "web", dns: ["localhost"], ips: ["127.0.0.1"] };

/**
 * Arguments: TLS version, credentials, and ports that are visited in turn, each with the session of the one before, or
 * files that are waited for in between. Prints a line for each visit.
 */
const VISITS = `
import os, socket, ssl, sys, time
version, identity, *places = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
if identity: context.load_cert_chain(identity + ".crt", identity + ".key")
session = None
for place in places:
    if not place.isdigit():
        open(place + ".waits", "w").close()
        while not os.path.exists(place): time.sleep(0.05)
        continue
    began, served = "", "refused"
    with socket.create_connection(("127.0.0.1", int(place)), 20) as raw:
        try:
            with context.wrap_socket(raw, session=session) as tls:
                began = "Reused " if tls.session_reused else "New "
                tls.sendall(b"hello")
                if tls.recv(5) == b"hello": served = "served"
                session = tls.session
        except OSError: pass
    print(began + served)
`;

/** A MultiKeyListener for the key `web`. */
function multiKeyListener(name: string, port: number, requireClientCert: boolean, more: object): string {
  const strategy = { priority: { routingKeys: ["web"] } };
  const spec = { host: "127.0.0.1", port, requireClientCert, strategy, ...more };
  return JSON.stringify({ apiVersion: "skupper.io/v2alpha1", kind: "MultiKeyListener", metadata: { name }, spec });
}

testWith(
  ["python3"],
  "client certificates: a port lets in those of its authority, and no ticket of another port",
  async ({ python3 }, t) => {
    const dir = await Deno.makeTempDir();
    const hubDir = `${dir}/hub`;
    const { edgePort } = await interiorFolder(hubDir);
    using target = server(echo);
    const [one, two] = [await TestAuthority.create("one"), await TestAuthority.create("two")];
    const [open, ours, theirs] = [freePort(), freePort(), freePort()] as const;
    const listener = (name: string, port: number, required: boolean, more: object = { tlsCredentials: name }) =>
      Deno.writeTextFile(`${hubDir}/${name}.json`, multiKeyListener(name, port, required, more));
    await Deno.writeTextFile(`${hubDir}/connector.yaml`, resource("Connector", { key: "web", port: target.port }));
    for (
      const [name, port, authority] of [["open", open, one], ["ours", ours, one], ["theirs", theirs, two]] as const
    ) {
      await writeSecret(hubDir, name, await authority.issue(NAMES));
      await listener(name, port, name !== "open");
    }
    for (const [name, authority] of [["good", one], ["evil", two]] as const) {
      const { cert, key } = await authority.issue({ name });
      await Deno.writeTextFile(`${dir}/${name}.crt`, cert);
      await Deno.writeTextFile(`${dir}/${name}.key`, key);
    }
    const visit = async (version: string, who: string, ...places: (number | string)[]): Promise<string[]> => {
      const args = ["-c", VISITS, version, who === "" ? "" : `${dir}/${who}`, ...places.map(String)];
      const { code, stdout, stderr } = await run(python3!, args, { limitMs: 2 * LIMIT_MS });
      assert.equal(code, 0, stderr);
      return stdout.trim().split("\n");
    };
    await using hub = startTendril("hub", ["run", hubDir, "--log-level", "debug"]);
    try {
      for (const port of [open, ours, theirs]) await untilListening(port, hub, LIMIT_MS);
      for (const version of ["TLSv1_2", "TLSv1_3"]) {
        await t.step(`${version}: who has one of the authority is served, and others are not`, async () => {
          assert.deepEqual(await visit(version, "good", ours), ["New served"]);
          assert.deepEqual(await visit(version, "evil", theirs), ["New served"]);
          for (const who of ["evil", ""]) assert.match(`${await visit(version, who, ours)}`, /^(New )?refused$/);
        });
        await t.step(`${version}: a client that was served resumes its session`, async () => {
          assert.deepEqual(await visit(version, "good", ours, ours), ["New served", "Reused served"]);
        });
        // "Reused" says that the ticket was taken: without that, these would test nothing.
        const refusals = [
          ["a ticket of a port that asks for no certificate opens nothing", "LINK_TLS_NO_CERT", "", open, ours],
          ["neither does a ticket earned with a certificate of another authority", "LINK_TLS_CA", "evil", theirs, ours],
          ["a ticket of a service opens no port for links", "LINK_TLS_RESUMED", "good", ours, edgePort],
        ] as const;
        for (const [name, code, who, from, to] of refusals) {
          // Keys of another type than the link's make TLS 1.2 begin anew of itself.
          if (version === "TLSv1_2" && to === edgePort) continue;
          await t.step(`${version}: ${name}`, async () => {
            const answers = await refused(hub, code, () => visit(version, who, from, to));
            assert.deepEqual(answers, ["New served", "Reused refused"]);
          });
        }
      }
      await t.step("with another authority in the Secret, tickets of the old one are worth nothing", async () => {
        const before = visit("TLSv1_3", "good", ours, `${dir}/first`, ours);
        await until(() => Deno.stat(`${dir}/first.waits`).then(() => true, () => false), LIMIT_MS);
        await writeSecret(hubDir, "ours", { ...await one.issue(NAMES), ca: two.pem });
        await until(async () => `${await visit("TLSv1_3", "evil", ours)}` === "New served", LIMIT_MS);
        await Deno.writeTextFile(`${dir}/first`, "");
        assert.deepEqual(await before, ["New served", "Reused refused"]);
      });
      await t.step("without TLS, or without authorities, the port stays shut and it is said why", async () => {
        await listener("bare", freePort(), true, {});
        await until(() => /requireClientCert.*needs tlsCredentials/.test(hub.output()), LIMIT_MS);
        const { cert, key } = await one.issue(NAMES);
        await writeSecret(hubDir, "lacking", { cert, key });
        await listener("lacking", freePort(), true);
        await until(() => /ca\.crt is missing/.test(hub.output()), LIMIT_MS);
      });
    } catch (error) {
      console.error(hub.output().slice(-3000));
      throw error;
    } finally {
      await hub.stop();
      await Deno.remove(dir, { recursive: true });
    }
  },
);

/** Does `visit`, and waits until the site has said that it refuses it for `code`. */
async function refused<T>(site: Process, code: string, visit: () => Promise<T>): Promise<T> {
  const said = () => site.output().split(code).length;
  const before = said();
  const answer = await visit();
  await until(() => said() > before, LIMIT_MS);
  return answer;
}
