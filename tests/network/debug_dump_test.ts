/** `tendril debug dump` and `debug events` at running sites, with secrets planted wherever a folder may have some. */

import assert from "node:assert/strict";
import { TENDRIL_API } from "../../agent/site/resources/schema.ts";
import { Audited, siteReach } from "../support/audited.ts";
import { freePort } from "../support/ports.ts";
import { run } from "../support/processes.ts";
import { testWith } from "../support/programs.ts";
import { edgeFolder, interiorFolder } from "../support/site_folder.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;
/** Planted; none of them looks like what it is. */
const PASSWORD = "correct.horse-battery";
const CODE = "Zyxwv9876Ponm5432LkJi";
const QUERY = "queryStaple77";
const ARGUMENT = "argumentStaple88";
const URL_PASSWORD = "urlStaple99";
const HEADER = "headerStaple00";
const PARAMETER = "parameterStaple11";

/** With the folder of the dump it is longer than what most headers of an archive have room for. */
const PLANTED_FILE = `planted-${"x".repeat(80)}.yaml`;
const PLANTED = `---
apiVersion: v1
kind: Secret
metadata:
  name: way-out
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"stringData":{"password":"${PASSWORD}"}}'
stringData: { host: 127.0.0.1, port: "1", username: alice, password: "${PASSWORD}" }
---
apiVersion: skupper.io/v2alpha1
kind: AccessToken
metadata: { name: pending }
spec: { url: "https://127.0.0.1:1/x", code: ${CODE}, ca: none }
---
apiVersion: ${TENDRIL_API}
kind: Adaptor
metadata: { name: plugin }
spec:
  source: "https://bob:${URL_PASSWORD}@127.0.0.1:1/module.wasm?access_token=${QUERY}"
  sha256: sha256:${"0".repeat(64)}
---
apiVersion: skupper.io/v2alpha1
kind: Listener
metadata: { name: plugged }
spec: { routingKey: plugged, host: 127.0.0.1, port: 1234, type: plugin }
---
apiVersion: skupper.io/v2alpha1
kind: Connector
metadata: { name: checked }
spec:
  routingKey: checked
  host: 127.0.0.1
  port: 1
  healthCheck: { command: [no-such-program, --password, ${ARGUMENT}], intervalSeconds: 1 }
---
apiVersion: ${TENDRIL_API}
kind: HttpRoute
metadata: { name: routed }
spec:
  listeners: [no-such-listener]
  rules:
  - matches: [{ queryParams: [{ name: who, value: ${PARAMETER} }] }]
    requestHeaders: { set: [{ name: X-Api-Key, value: ${HEADER} }] }
    responseHeaders: { add: [{ name: X-Signed, value: token ${HEADER} }] }
`;

testWith(["tar"], "debug dump: has what helps, and no secret; nor have log, status and errors", async ({ tar }, t) => {
  const dir = await Deno.makeTempDir();
  const hubFolder = await interiorFolder(`${dir}/hub`, "hub");
  await edgeFolder(`${dir}/edge`, "edge", hubFolder, { listeners: [{ key: "web", port: freePort() }] });
  const link = await Deno.readTextFile(`${dir}/edge/link.yaml`);
  const proxied = link.replace(/^(kind: Link\n[\s\S]*?spec:\n)/m, "$1  settings: { proxy: way-out }\n")
    .replaceAll("link-hub", "link-out");
  await Deno.writeTextFile(`${dir}/edge/${PLANTED_FILE}`, `${PLANTED}${proxied.replace(/^(?!---)/, "---\n")}`);
  const secrets = [PASSWORD, CODE, QUERY, ARGUMENT, URL_PASSWORD, HEADER, PARAMETER];
  const { data } = { data: [...link.matchAll(/tls\.key: (\S+)/g)].map(([, key]) => key!) };
  const pem = data.map((key) => atob(key));
  secrets.push(...data, ...pem.flatMap((text) => text.split("\n").filter((line) => line.length > 40)));
  assert.ok(secrets.length >= 8);
  for (const text of [PASSWORD, CODE]) secrets.push(btoa(text));
  const clean = (what: string, text: string) => {
    for (const secret of secrets) assert.ok(!text.includes(secret), `${what} has ${secret}: ${text.slice(0, 2000)}`);
  };
  const hub = startTendril("hub", ["run", `${dir}/hub`]);
  const edge = startTendril("edge", ["run", `${dir}/edge`, "--log-level", "debug"]);
  const words = ["--dir", `${dir}/edge`];
  const status = async () => (await tendril("status", ...words, "-o", "json")).stdout;
  try {
    await until(() => edge.output().includes("link is active"), LIMIT_MS);
    await until(() => /link-out.*(PROXY|proxy)/.test(edge.output()), LIMIT_MS);
    await until(async () => /plugin[\s\S]*(failed|can't)/.test(await status()), LIMIT_MS);
    await t.step("what is planted fails for real, and is in no log, status, plan or error", async () => {
      clean("the log", edge.output());
      for (
        const command of [["status"], ["plan"], ["debug", "check"], ["certificate", "status"], ["debug", "events"]]
      ) {
        const { stdout, stderr } = await tendril(...command, ...words, "-o", "json");
        assert.notEqual(stdout, "", stderr);
        clean(command.join(" "), stdout + stderr);
      }
      await Deno.writeTextFile(`${dir}/wrong.yaml`, PLANTED.replace(`code: ${CODE}`, `code: [${CODE}`));
      const wrong = await tendril("apply", "-f", `${dir}/wrong.yaml`, ...words);
      assert.equal(wrong.code, 3);
      clean("an error", wrong.stderr);
    });
    const unpack = async (file: string) => {
      const target = `${dir}/out-${file}`;
      await Deno.mkdir(target);
      assert.equal((await run(tar!, ["-xzf", `${dir}/${file}`, "-C", target])).code, 0);
      const [folder] = [...Deno.readDirSync(target)];
      return async (name: string) => await Deno.readTextFile(`${target}/${folder!.name}/${name}`);
    };
    await t.step("the dump has everything, and the permissions in its help are enough", async () => {
      const reach = { ...siteReach(dir, "edge"), FILE: ["dump.tar.gz"] };
      const audited = new Audited(dir, ["debug", "dump", "dump.tar.gz", "--dir", "edge", "-o", "json"], reach);
      const { files } = JSON.parse(await audited.run());
      await audited.check();
      assert.equal((await Deno.stat(`${dir}/dump.tar.gz`)).mode! & 0o777, 0o600);
      const read = await unpack("dump.tar.gz");
      const names = (files as { name: string }[]).map(({ name }) => name.replace(/^[^/]+\//, ""));
      for (const name of names) clean(name, await read(name));
      const parsed = async (name: string) => JSON.parse(await read(name));
      assert.equal((await parsed("about.json")).running, true);
      const resources = await read(`resources/${PLANTED_FILE}`);
      assert.match(resources, /kind: AccessToken/);
      assert.match(await read("resources/link.yaml"), /tls\.crt: certificate of CN=link-hub, .*good until/);
      assert.match(await read("resources/link.yaml"), /tls\.key: "?\[redacted\], \d+ characters/);
      const { site, resources: told, parts } = await parsed("status.json");
      assert.equal(site.name, "edge");
      assert.ok(told.some(({ kind, name }: Record<string, string>) => kind === "Link" && name === "link-out"));
      const routed = parts.find(({ kind }: Record<string, string>) => kind === "HttpRoute");
      assert.deepEqual(routed, { kind: "HttpRoute", name: "routed" }, "without a digest of what is secret");
      const network = await parsed("network.json");
      assert.deepEqual(network.routers.map(({ id }: { id: string }) => id).sort(), ["edge", "hub"]);
      const { memory, limits, versions, pid } = await parsed("process.json");
      assert.ok(memory.rss > 10_000_000 && limits.MAX_FRAME_OCTETS > 0 && versions.deno !== "");
      assert.equal(pid, edge.pid);
      const connections = await parsed("router/connection.json");
      assert.ok(connections.some(({ container }: { container: string }) => container === "hub"));
      assert.ok((await parsed("router/router.link.json")).some((row: object) => "unsettledCount" in row));
      assert.ok((await parsed("router/router.address.json")).some((row: object) => "deliveriesEgress" in row));
      assert.match(await read("log.jsonl"), /"message":"link is active"/);
      assert.ok((await parsed("certificates.json")).certificates.length > 0);
      const again = await tendril("debug", "dump", `${dir}/dump.tar.gz`, ...words);
      assert.equal(again.code, 3, "a file that is there stays");
      assert.match(again.stderr, /error\[OUTPUT_FILE\]/);
    });
    await t.step("events: what happened, by topic", async () => {
      const events = async (about: string) => {
        const { stdout, stderr } = await tendril("debug", "events", "--about", about, ...words, "-o", "json");
        assert.notEqual(stdout, "", stderr);
        return JSON.parse(stdout).events as { message: string; topic: string }[];
      };
      const links = await events("link");
      assert.ok(links.length > 0 && links.every(({ topic }) => topic === "link"));
      assert.ok(links.some(({ message }) => message === "link is active"));
      assert.ok((await events("listener")).length > 0);
      const table = await tendril("debug", "events", "--last", "1", ...words);
      assert.equal(table.stdout.trimEnd().split("\n").length, 3);
    });
    await t.step("a site that does not run is dumped without what only it knows", async () => {
      await edge.stop();
      const { code, stderr } = await tendril("debug", "dump", `${dir}/stopped.tar.gz`, ...words);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /does not run/);
      const read = await unpack("stopped.tar.gz");
      assert.equal(JSON.parse(await read("about.json")).running, false);
      clean("the dump of a stopped site", await read(`resources/${PLANTED_FILE}`));
      await assert.rejects(read("status.json"), Deno.errors.NotFound);
    });
  } catch (error) {
    console.error(edge.output().slice(-4000));
    throw error;
  } finally {
    await Promise.all([hub.stop(), edge.stop()]);
    await Deno.remove(dir, { recursive: true });
  }
});
