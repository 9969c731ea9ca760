import { equal, match, rejects } from "node:assert/strict";
import { freePort } from "../../../tests/support/ports.ts";
import { server, type TestServer } from "../../../tests/support/tcp.ts";
import { until } from "../../../tests/support/until.ts";
import type { HealthCheckSpec } from "../../site/spec.ts";
import { probe } from "./probe.ts";

const RULES = { intervalSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 1 };

/** Checks the loopback port; `limit` ends it. */
function check(way: Partial<HealthCheckSpec>, port: number, limit = new AbortController()): Promise<void> {
  return probe({ ...way, ...RULES }, { host: "127.0.0.1", port }, limit.signal);
}

/** An HTTP server that gives `answer` to whatever it is asked, and what that was. */
function answering(answer: string): TestServer & { asked(): string } {
  let asked = "";
  const target = server(async (conn) => {
    const octets = new Uint8Array(4096);
    asked = new TextDecoder().decode(octets.subarray(0, await conn.read(octets) ?? 0));
    await conn.write(new TextEncoder().encode(answer));
  });
  return Object.assign(target, { asked: () => asked });
}

Deno.test("health: a port that accepts passes, one that refuses fails with the system's reason", async () => {
  using target = server(async (conn) => void await conn.read(new Uint8Array(1)));
  await check({ tcp: {} }, target.port);
  await check({ tcp: { port: target.port, host: "localhost" } }, 1);
  const port = freePort();
  await rejects(check({ tcp: {} }, port), new RegExp(`^Error: can't reach 127\\.0\\.0\\.1:${port}: .*refused`, "i"));
});

Deno.test("health: a GET passes with 200 to 399, or with a status that is asked for", async () => {
  for (const [status, passes] of [[200, true], [302, true], [404, false], [500, false]] as const) {
    using target = answering(`HTTP/1.1 ${status} whatever\r\nContent-Length: 0\r\n\r\n`);
    const result = check({ http: { path: "/ready?full=1" } }, target.port);
    if (passes) await result;
    else await rejects(result, new RegExp(`^Error: the answer to GET /ready\\?full=1 is ${status}$`));
    await check({ http: { path: "/", expectedStatus: [418, status] } }, target.port);
    await rejects(check({ http: { path: "/", expectedStatus: [204] } }, target.port), /the answer to/);
    match(target.asked(), /^GET \/ HTTP\/1\.1\r\nHost: 127\.0\.0\.1\r\n/);
  }
});

Deno.test("health: a GET to the target itself goes the way that leads there, one to another place does not", async () => {
  using target = answering("HTTP/1.1 200 OK\r\n\r\n");
  let ways = 0;
  const connect = () => {
    ways++;
    return Deno.connect({ hostname: "127.0.0.1", port: target.port });
  };
  const there = { host: "127.0.0.1", port: freePort(), connect };
  const { signal } = new AbortController();
  await probe({ http: { path: "/" }, ...RULES }, there, signal);
  equal(ways, 1);
  await probe({ http: { path: "/", port: target.port }, ...RULES }, there, signal);
  await probe({ tcp: { port: target.port }, ...RULES }, there, signal);
  equal(ways, 1);
});

Deno.test("health: what answers something else, or nothing, or without end, fails", async () => {
  for (const answer of ["SSH-2.0-x\r\n", "", "x".repeat(100_000), "HTTP/1.1 20\r\n"]) {
    using target = answering(answer);
    await rejects(check({ http: { path: "/" } }, target.port), /not HTTP|without an answer/);
  }
});

Deno.test("health: a check that hangs ends when its time is over, and lets go of the target", async () => {
  let clients = 0;
  using target = server(async (conn) => {
    clients++;
    while (await conn.read(new Uint8Array(1000)).catch(() => null) !== null);
    clients--;
  });
  const limit = new AbortController();
  const result = check({ http: { path: "/" } }, target.port, limit);
  await until(() => clients === 1);
  limit.abort(new Error("no answer within 1 s"));
  await rejects(result, /no answer within 1 s/);
  await until(() => clients === 0);
});

Deno.test("health: a program passes by exit code 0; one that hangs is killed", async () => {
  const deno = Deno.execPath();
  await check({ command: [deno, "eval", "Deno.exit(0)"] }, 1);
  await rejects(check({ command: [deno, "eval", "Deno.exit(3)"] }, 1), /ended with exit code 3$/);
  await rejects(check({ command: ["/no/such/program"] }, 1));
  const limit = new AbortController();
  const hanging = check({ command: [deno, "eval", "setTimeout(() => {}, 60_000)"] }, 1, limit);
  limit.abort(new Error("no answer within 1 s"));
  await rejects(hanging, /no answer within 1 s/);
});

Deno.test({
  name: "health: a program that Deno may not run fails, and the flag that is missing is named",
  permissions: { run: false, net: true, read: true },
  fn: async () => {
    let reason = "";
    await check({ command: ["pg_isready"] }, 1).catch((error) => reason = error.message);
    equal(reason, "may not run pg_isready: start the site with --allow-run=pg_isready");
  },
});
