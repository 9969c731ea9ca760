import assert from "node:assert/strict";
import { conclude, fails, holds, type ResourceStatus, Transitions, unknown } from "./conditions.ts";
import type { PartDigest } from "./digest.ts";
import { resourceStatuses } from "./resource_status.ts";
import type { FolderProblem } from "./report.ts";
import type { LinkStatus, ListenerStatus, SiteStatus } from "./status.ts";

const LISTENER: ListenerStatus = {
  name: "web",
  routingKey: "key",
  host: "127.0.0.1",
  port: 80,
  open: true,
  matched: true,
  connections: 2,
  message: "OK",
};
const LINK: LinkStatus = { name: "hub", state: "active", cost: 1, endpoint: "h:1", remote: "hub", message: "OK" };
const SITE: SiteStatus = {
  id: "i",
  name: "west",
  role: "edge",
  routerId: "west",
  links: [],
  listeners: [],
  connectors: [],
  access: [],
  adaptors: [],
};

/** The resource other than the Site that `site` has. */
function only(site: Partial<SiteStatus>, parts: readonly PartDigest[] = []): ResourceStatus {
  const [, resource, ...more] = resourceStatuses({ ...SITE, ...site }, parts, undefined);
  assert.deepEqual(more, []);
  assert.ok(resource);
  return resource;
}

const types = ({ conditions }: ResourceStatus) => conditions.map(({ type, status }) => `${type} ${status}`);

Deno.test("status: what is ready says OK, and has nothing left to do", () => {
  const listener = only({ listeners: [LISTENER] });
  assert.deepEqual([listener.status, listener.message, listener.next], ["Ready", "OK", ""]);
  assert.deepEqual(types(listener), ["Configured True", "Matched True", "Ready True"]);
  assert.deepEqual(listener.details, {
    routingKey: "key",
    host: "127.0.0.1",
    port: 80,
    hasMatchingConnector: true,
    connections: 2,
  });
  const { details } = only({ listeners: [{ ...LISTENER, detected: { tcp: 1, http1: 2, http2: 3 } }] });
  assert.deepEqual([details["detectedTcp"], details["detectedHttp1"], details["detectedHttp2"]], [1, 2, 3]);
  assert.deepEqual(types(only({ links: [{ ...LINK, state: "standby" }] })), [
    "Configured True",
    "Operational True",
    "Ready True",
  ]);
});

Deno.test("status: whatever is not ready has a reason and a next step", () => {
  const fault = {
    kind: "Listener",
    name: "web",
    status: "Error",
    code: "SITE_INVALID",
    message: "m",
    hint: "Mend.",
  } as const;
  const connector = { name: "c", routingKey: "k", target: "t:1", connections: 0 };
  const access = [{ name: "hub", role: "edge" as const, host: "h", port: 1, peers: 3 }];
  const shut = { name: "hub", role: "inter-router" as const, host: "h", port: 2, peers: 0 };
  const cases: ReadonlyArray<readonly [Partial<SiteStatus>, string, RegExp, string]> = [
    [
      { access: [...access, { ...shut, fault: { message: "Can't listen on h:2.", hint: "End the other program." } }] },
      "Error",
      /^the port for role inter-router is not open: Can't listen on h:2\.$/,
      "Resolved False",
    ],
    [
      { listeners: [{ ...LISTENER, open: false, matched: false, message: "No matching connectors" }] },
      "Pending",
      /No matching/,
      "Matched False",
    ],
    [
      { listeners: [{ ...LISTENER, open: false, message: "can't listen on 127.0.0.1:80: Address already in use" }] },
      "Error",
      /can't listen/,
      "Configured False",
    ],
    [
      {
        listeners: [{
          ...LISTENER,
          open: false,
          matched: false,
          message: "refused",
          code: "POLICY_REFUSED",
          hint: "Ask.",
        }],
      },
      "Error",
      /^refused$/,
      "Matched False",
    ],
    [{ listeners: [LISTENER], broken: [fault] }, "Error", /^m$/, "Configured False"],
    [{ broken: [fault] }, "Error", /^m$/, "Configured False"],
    [{ connectors: [{ ...connector, message: "can't reach t:1: refused" }] }, "Error", /refused/, "Operational False"],
    [
      { links: [{ ...LINK, state: "connecting", message: "connecting" }] },
      "Pending",
      /connecting/,
      "Operational False",
    ],
    [
      { links: [{ ...LINK, state: "down", message: "no route" }] },
      "Error",
      /Not operational: no route/,
      "Operational False",
    ],
    [
      {
        adaptors: [{
          name: "a",
          digest: "",
          version: "",
          source: "s",
          state: "failed",
          faults: 0,
          message: "gone",
          rollbacks: 0,
          versions: [],
        }],
      },
      "Error",
      /failed: gone/,
      "Operational False",
    ],
  ];
  for (const [site, status, message, condition] of cases) {
    const resource = only(
      site,
      [{ kind: "Adaptor", name: "a", digest: "" }].slice(site.adaptors === undefined ? 1 : 0) as PartDigest[],
    );
    assert.equal(resource.status, status);
    assert.match(resource.message, message);
    assert.match(resource.next, /^[A-Z].*\.$/);
    assert.ok(types(resource).includes(condition), types(resource).join());
    assert.equal(types(resource).at(-1), "Ready False");
  }
  assert.deepEqual(only({ access }).details["peers"], 3);
});

Deno.test("status: of a target that is not healthy it says what the checks found, and to see to that", () => {
  const health = { healthy: false, since: "t1", result: "can't reach h:2: refused", checkedAt: "t2" };
  const connector = { name: "c", routingKey: "k", target: "t:1", connections: 0, message: "unhealthy", health };
  const { details, next } = only({ connectors: [connector] });
  assert.deepEqual(
    [details["healthy"], details["healthSince"], details["healthResult"], details["healthCheckedAt"]],
    [false, "t1", "can't reach h:2: refused", "t2"],
  );
  assert.match(next, /health check found/);
});

Deno.test("status: what was asked for and is not there is in error, and a Site whose ports are shut is not resolved", () => {
  const parts: PartDigest[] = [{ kind: "RouterAccess", name: "hub", digest: "" }, {
    kind: "Policy",
    name: "p",
    digest: "",
  }];
  const [site, policy, access] = resourceStatuses(SITE, parts, undefined);
  assert.deepEqual([policy?.kind, policy?.status], ["Policy", "Ready"], "what runs nowhere is not missed");
  assert.deepEqual([site?.status, site?.message], ["Pending", "not all ports of RouterAccess hub are open"]);
  assert.deepEqual([access?.kind, access?.status], ["RouterAccess", "Error"]);
});

Deno.test("status: a token is pending until its link, or the first of several, is there", () => {
  const redeemed = (names: string[]) => {
    const links = names.map((name) => ({ ...LINK, name }));
    const token = resourceStatuses({ ...SITE, links }, [], undefined, ["t"]).find(({ kind }) => kind === "AccessToken");
    return [token?.status, token?.details["redeemed"]];
  };
  assert.deepEqual([redeemed([]), redeemed(["other"])], [["Pending", false], ["Pending", false]]);
  assert.deepEqual([redeemed(["t"]), redeemed(["t-1", "t-2"])], [["Ready", true], ["Ready", true]]);
});

Deno.test("status: a folder that can't be applied is an error of the Site", () => {
  const problem: FolderProblem = { code: "SITE_SYNTAX", message: "a.yaml:1:1: no", hint: "Correct it." };
  const [site] = resourceStatuses(SITE, [], problem);
  assert.deepEqual([site?.status, site?.message, site?.next], ["Error", problem.message, problem.hint]);
});

Deno.test("status: the first condition that is false decides, and one that can't be known decides nothing", () => {
  const { status, message } = conclude("K", "n", [
    unknown("A", "?"),
    fails("B", "Pending", "b", "Do."),
    fails("C", "Error", "c", ""),
  ]);
  assert.deepEqual([status, message], ["Pending", "b"]);
  assert.equal(conclude("K", "n", [unknown("A", "?")]).status, "Ready");
});

Deno.test("status: a condition keeps its time until its status changes", () => {
  const transitions = new Transitions();
  const at = (second: number) => new Date(second * 1000);
  const times = (resource: ResourceStatus, second: number) =>
    transitions.stamp([resource], at(second))[0]!.conditions.map(({ lastTransitionTime }) =>
      (Date.parse(lastTransitionTime!)) / 1000
    );
  const good = conclude("K", "n", [holds("A"), holds("B")]);
  const bad = conclude("K", "n", [holds("A"), fails("B", "Error", "b", "Do.")]);
  assert.deepEqual(times(good, 1), [1, 1, 1]);
  assert.deepEqual(times(bad, 2), [1, 2, 2]);
  assert.deepEqual(times({ ...bad, message: "another" }, 3), [1, 2, 2]);
  assert.deepEqual(times(good, 4), [1, 4, 4]);
});
