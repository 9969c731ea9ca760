/** `network status`, `network path` and `ping` as a user types them, in a network of real processes. */

import assert from "node:assert/strict";
import type { RouteReport } from "../../agent/management/route_report.ts";
import type { Survey } from "../../agent/management/survey.ts";
import { freePort } from "../support/ports.ts";
import type { Process } from "../support/processes.ts";
import { edgeFolder, interiorFolder, linkInteriors } from "../support/site_folder.ts";
import { startTendril, tendril } from "../support/tendril.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 30_000;

Deno.test("network commands: every site shows the same network, and a dearer link moves the path", async (t) => {
  const dir = await Deno.makeTempDir();
  const processes = new Map<string, Process>();
  const start = (name: string) => processes.set(name, startTendril(name, ["run", `${dir}/${name}`]));
  /** The result of a command that is asked of site `name`, as JSON. */
  const ask = async (name: string, ...words: string[]) => {
    const { code, stdout, stderr } = await tendril(...words, "--dir", `${dir}/${name}`, "-o", "json");
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const status = (name: string): Promise<Survey> => ask(name, "network", "status");
  /** The routers on the way from west to `to`, as soon as it begins with `first`; and all that is told of it. */
  const path = async (to: string, ...hops: string[]): Promise<RouteReport> => {
    let route: RouteReport | undefined;
    await until(async () => {
      const { code, stdout } = await tendril("network", "path", to, "--dir", `${dir}/west`, "-o", "json");
      route = code === 0 ? JSON.parse(stdout).routes[0] : undefined;
      return route?.hops.map(({ to }) => to).join() === hops.join();
    }, LIMIT_MS).catch(() => assert.fail(`the path is ${JSON.stringify(route)}`));
    return route!;
  };
  try {
    const [hub, far, third] = await Promise.all(
      ["hub", "far", "third"].map((name) => interiorFolder(`${dir}/${name}`, name)),
    );
    assert.ok(hub && far && third);
    await linkInteriors(hub, far, 1);
    await linkInteriors(hub, third, 2);
    await linkInteriors(third, far, 2);
    await edgeFolder(`${dir}/west`, "west", hub, { listeners: [{ key: "web", port: freePort() }] });
    await edgeFolder(`${dir}/east`, "east", far, { connectors: [{ key: "web", port: freePort() }] });
    const sites = ["hub", "far", "third", "west", "east"];
    for (const name of sites) start(name);

    await t.step("the path goes by the link that costs least, and says what others cost", async () => {
      // The other way is there a moment later than the best one.
      let route = await path("web", "hub", "far", "east");
      await until(async () => {
        route = await path("web", "hub", "far", "east");
        return route.alternatives.length > 0;
      }, LIMIT_MS);
      assert.deepEqual(route.hops.map(({ cost }) => cost), [0, 1, 0]);
      assert.equal(route.cost, 1);
      assert.deepEqual(route.alternatives, [{ via: "third", cost: 4 }]);
    });
    await t.step("people are told the same in words", async () => {
      const path = await tendril("network", "path", "web", "--dir", `${dir}/west`);
      assert.match(path.stdout, /^web is served by east \(cost 1\); there is no other$/m);
      assert.match(path.stdout, /^ +2 {2}hub +far +1$/m);
      assert.match(path.stdout, /It costs least; other ways lead by third \(4\)\./);
      const spelled = await tendril("network", "path", "amqp:/web", "--dir", `${dir}/west`);
      assert.match(spelled.stdout, /is served by east \(cost 1\)/);
      const status = await tendril("network", "status", "--dir", `${dir}/west`);
      assert.match(status.stdout, /^ +far +interior +tendril [\d.]+ +1 +hub$/m);
      assert.match(status.stdout, /^ +web +balanced +east$/m);
      const ping = await tendril("ping", "far", "--dir", `${dir}/west`);
      assert.match(ping.stdout, /^ +2 +far +interior +5 +0 +[\d.]+ +[\d.]+ +[\d.]+$/m);
    });
    await t.step("every site tells of the same routers, links and addresses", async () => {
      const common = ({ routers, links, addresses }: Survey) => ({
        routers: routers.map(({ id, role, product, version, silent }) => ({ id, role, product, version, silent }))
          .sort((one, other) => one.id < other.id ? -1 : 1),
        links,
        addresses,
      });
      const expected = common(await status("hub"));
      assert.deepEqual(expected.routers.map(({ id, role }) => `${id} ${role}`), [
        ...["east edge", "far interior", "hub interior", "third interior", "west edge"],
      ]);
      assert.ok(expected.routers.every(({ product, silent }) => product === "tendril" && silent === null));
      assert.deepEqual(expected.links.map(({ from, to, cost, costBack, state }) => [from, to, cost, costBack, state]), [
        ["far", "hub", 1, 1, "up"],
        ["far", "third", 2, 2, "up"],
        ["hub", "third", 2, 2, "up"],
        ["east", "far", 0, 0, "up"],
        ["west", "hub", 0, 0, "up"],
      ]);
      assert.deepEqual(expected.addresses, [{ address: "web", treatment: "balanced", routers: ["east"] }]);
      for (const name of sites) {
        const seen = await status(name);
        assert.equal(seen.here, name);
        assert.equal(seen.routers[0]?.id, name);
        assert.deepEqual(common(seen), expected, name);
      }
    });
    await t.step("a ping times every router on the way", async () => {
      const { hops } = await ask("west", "ping", "web", "--count", "3");
      assert.deepEqual(hops.map((hop: { router: string }) => hop.router), ["hub", "far", "east"]);
      for (const { sent, lost, min, avg, max } of hops) {
        assert.deepEqual([sent, lost], [3, 0]);
        assert.ok(0 < min && min <= avg && avg <= max);
      }
    });
    await t.step("a router that hangs is listed as such, and not waited for longer than was said", async () => {
      processes.get("third")!.signal("SIGSTOP");
      const began = performance.now();
      const { routers }: Survey = await ask("far", "network", "status", "--timeout", "1");
      assert.ok(performance.now() - began < 8000);
      assert.match(routers.find(({ id }) => id === "third")?.silent ?? "", /no answer .* within 1 s|no way leads/);
      assert.equal(routers.find(({ id }) => id === "hub")?.silent, null);
      processes.get("third")!.signal("SIGCONT");
    });
    await t.step("a link that is made dearer is left for another way", async () => {
      const file = `${hub.dir}/link-far.yaml`;
      await Deno.writeTextFile(file, (await Deno.readTextFile(file)).replace(/^ {2}cost: 1$/m, "  cost: 9"));
      await processes.get("hub")!.stop();
      start("hub");
      const route = await path("web", "hub", "third", "far", "east");
      assert.equal(route.cost, 4);
      assert.deepEqual(route.alternatives, [{ via: "far", cost: 9 }]);
    });
    await t.step("what is not there is an error with a way on", async () => {
      const unknown = await tendril("network", "path", "nothing", "--dir", `${dir}/west`);
      assert.equal(unknown.code, 1);
      assert.match(unknown.stderr, /error\[NETWORK_UNKNOWN\][\s\S]*next: /);
      await processes.get("west")!.stop();
      const stopped = await tendril("network", "status", "--dir", `${dir}/west`);
      assert.equal(stopped.code, 1);
      assert.match(stopped.stderr, /error\[LOCAL_SOCKET\][\s\S]*next: [^\n]*tendril run/);
    });
    await t.step("a folder whose site is running is not run twice", async () => {
      const { code, stderr } = await tendril("run", `${dir}/east`);
      assert.equal(code, 3);
      assert.match(stderr, /error\[SITE_RUNNING\]/);
    });
  } catch (error) {
    for (const { name, output } of processes.values()) console.error(`--- ${name}\n${output().slice(-2000)}`);
    throw error;
  } finally {
    await Promise.all([...processes.values()].map((process) => process.stop()));
    await Deno.remove(dir, { recursive: true });
  }
});
