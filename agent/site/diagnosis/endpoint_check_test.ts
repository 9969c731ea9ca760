/** Every way in which the way to a peer can be broken, with real sockets and real TLS. */

import assert from "node:assert/strict";
import { withHub } from "../../../tests/support/policy_hub.ts";
import { freePort } from "../../../tests/support/ports.ts";
import { until } from "../../../tests/support/until.ts";
import { accept } from "../../transport/accept.ts";
import type { Channel, TlsCredentials } from "../../transport/channel.ts";
import { TestAuthority, type TestCertificateOptions } from "../../transport/testing_certs.ts";
import type { LinkSpec } from "../spec.ts";
import { Checklist, type Step } from "./checklist.ts";
import { checkCredentials } from "./credentials_check.ts";
import { checkEndpoint } from "./endpoint_check.ts";

const DAY_MS = 86_400_000;
const TIMEOUT_MS = 10_000;

interface Way {
  readonly host?: string;
  readonly port: number;
  readonly tls: TlsCredentials;
  readonly timeoutMs?: number;
}

async function check({ host = "127.0.0.1", port, tls, timeoutMs = TIMEOUT_MS }: Way): Promise<readonly Step[]> {
  const endpoint = { role: "edge" as const, host, port, group: "" };
  const link: LinkSpec = { name: "up", cost: 1, measured: false, endpoints: [endpoint], tls, websocket: false };
  const list = new Checklist();
  await checkEndpoint(list, link, endpoint, "west", timeoutMs);
  for (const { ms } of list.steps) assert.ok(ms >= 0);
  return list.steps;
}

/** The last step, which must have failed as the only one. */
function broken(steps: readonly Step[]): readonly [string, string | undefined] {
  const failed = steps.filter(({ result }) => result === "failed");
  assert.equal(failed.length, 1, JSON.stringify(steps));
  assert.equal(failed[0], steps.at(-1));
  assert.match(failed[0]!.next ?? "", /\.$/, "what to do is said");
  return [failed[0]!.step, failed[0]!.code];
}

/** Checks the way to a port of TLS whose certificate is as `options` say, and which does nothing more. */
async function againstPort(
  options: TestCertificateOptions,
  body: (port: number, authority: TestAuthority) => Promise<void>,
): Promise<void> {
  const authority = await TestAuthority.create("hub");
  const channels: Channel[] = [];
  const tls = await authority.issue({ name: "hub", ips: ["127.0.0.1"], ...options });
  const port = await accept(
    { host: "127.0.0.1", port: 0, tls, handshakeTimeoutMs: TIMEOUT_MS, maxConnections: 10 },
    (channel) => {
      channels.push(channel);
      channel.start({ onData() {}, onClose() {} });
    },
    () => {},
  );
  try {
    await body(port.port, authority);
  } finally {
    for (const channel of channels) channel.destroy();
    await port.close();
    await until(() => port.connections === 0);
  }
}

Deno.test("check: every step of a good way is told, with what was found", async () => {
  await withHub([], async (hub) => {
    const steps = await check({ port: hub.port("edge"), tls: await hub.credentials("west") });
    assert.deepEqual(steps.map(({ step, result }) => `${step} ${result}`), [
      "dns ok",
      "tcp ok",
      "tls ok",
      "chain ok",
      "name ok",
      "validity ok",
      "admission ok",
    ]);
    assert.match(steps.at(-1)!.found, /^hub admits us as an edge, by SASL EXTERNAL$/);
    assert.match(steps[2]!.found, /^TLSv1\.[23], /);
  });
});

Deno.test("check: a host that does not exist is a matter of DNS", async () => {
  const tls = await (await TestAuthority.create("hub")).issue({});
  assert.deepEqual(broken(await check({ host: "nobody.invalid", port: 1, tls })), ["dns", "LINK_DNS"]);
});

Deno.test("check: a closed port is a matter of TCP", async () => {
  const tls = await (await TestAuthority.create("hub")).issue({});
  assert.deepEqual(broken(await check({ port: freePort(), tls })), ["tcp", "LINK_REFUSED"]);
});

Deno.test("check: a port that does not speak TLS is a matter of TLS", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const conn of listener) {
      await conn.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
      conn.close();
    }
  })();
  const tls = await (await TestAuthority.create("hub")).issue({});
  const [step, code] = broken(await check({ port: listener.addr.port, tls }));
  assert.equal(step, "tls");
  assert.match(code ?? "", /^LINK_(TLS_PROTOCOL|RESET)$/);
  listener.close();
  await serving;
});

Deno.test("check: a certificate of another CA is a matter of the chain", async () => {
  await againstPort({}, async (port) => {
    const tls = await (await TestAuthority.create("hub")).issue({});
    const steps = await check({ port, tls });
    assert.deepEqual(broken(steps), ["chain", "LINK_TLS_CA"]);
    assert.ok(steps.some(({ step, result }) => step === "tls" && result === "ok"));
  });
});

Deno.test("check: a certificate for other names is a matter of the name", async () => {
  await againstPort({ ips: [], dns: ["other.example.com"] }, async (port, authority) => {
    const steps = await check({ port, tls: await authority.issue({}) });
    assert.deepEqual(broken(steps), ["name", "LINK_TLS_NAME"]);
    assert.match(steps.at(-1)!.found, /other\.example\.com/);
  });
});

for (
  const [what, days, code] of [["expired", -2, "LINK_TLS_EXPIRED"], [
    "of the future",
    2,
    "LINK_TLS_NOT_YET_VALID",
  ]] as const
) {
  Deno.test(`check: a certificate that is ${what} is a matter of validity, or of the clock`, async () => {
    const notBefore = new Date(Date.now() + (days - 1) * DAY_MS);
    const notAfter = new Date(Date.now() + (days + 1) * DAY_MS);
    await againstPort({ notBefore, notAfter }, async (port, authority) => {
      const steps = await check({ port, tls: await authority.issue({}) });
      assert.deepEqual(broken(steps), ["validity", code]);
      assert.match(steps.at(-1)!.found, /The clock of this machine says \d{4}-/);
    });
  });
}

Deno.test("check: a role that a Policy refuses is a matter of admission", async () => {
  const rules = [{ link: ["inter-router" as const] }];
  await withHub([{ name: "closed", default: "deny", rules }], async (hub) => {
    const steps = await check({ port: hub.port("edge"), tls: await hub.credentials("west") });
    assert.deepEqual(broken(steps), ["admission", "LINK_NOT_ALLOWED"]);
  });
});

Deno.test("check: a certificate that the peer does not trust is a matter of admission or TLS", async () => {
  await withHub([], async (hub) => {
    const { ca } = await hub.credentials("west");
    const stranger = await (await TestAuthority.create("else")).issue({ name: "west" }, ca);
    const [step, code] = broken(await check({ port: hub.port("edge"), tls: stranger }));
    assert.match(step, /^(admission|tls)$/);
    assert.match(code ?? "", /^LINK_(TLS_REJECTED|RESET|NOT_ADMITTED)$/);
  });
});

Deno.test("check: a peer that takes the connection and says nothing is a matter of admission", async () => {
  await againstPort({}, async (port, authority) => {
    const steps = await check({ port, tls: await authority.issue({}), timeoutMs: 2000 });
    assert.deepEqual(broken(steps), ["admission", "CHECK_SILENT"]);
  });
});

Deno.test("check: own credentials that are expired, not good yet, or do not fit are told before anything is dialled", async () => {
  const authority = await TestAuthority.create("hub");
  const told = (tls: TlsCredentials) => {
    const list = new Checklist();
    checkCredentials(list, "up", tls);
    return broken(list.steps);
  };
  const past = { notBefore: new Date(Date.now() - 3 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) };
  const future = { notBefore: new Date(Date.now() + DAY_MS), notAfter: new Date(Date.now() + 3 * DAY_MS) };
  const [one, other] = [await authority.issue({}), await authority.issue({})];
  assert.deepEqual(told(await authority.issue(past)), ["credentials", "CHECK_CERTIFICATE"]);
  assert.deepEqual(told(await authority.issue(future)), ["credentials", "CHECK_CERTIFICATE"]);
  assert.deepEqual(told({ ...one, key: other.key }), ["credentials", "LINK_TLS_CREDENTIALS"]);
});
