import assert from "node:assert/strict";
import { TendrilError } from "../../lib/errors.ts";
import { silentLogger } from "../../telemetry/log.ts";
import type { Bundle } from "./bundle.ts";
import { grantApp, type Redemption } from "./grant_app.ts";

const PATH = "/a453de86-4d91-4e06-b8e7-93c624ad9f74";

/** Sends requests of several addresses to an app whose redemptions end as `outcome` says. */
function stage(outcome: () => string = () => "link", program?: Bundle) {
  const seen: Redemption[] = [];
  const logged: unknown[] = [];
  let now = 0;
  const log = (message: string, fields?: unknown) => logged.push(message, fields);
  const app = grantApp(
    (redemption) => {
      seen.push(redemption);
      return Promise.resolve().then(outcome);
    },
    { ...silentLogger, warn: log, error: log, info: log },
    () => now,
    () => Promise.resolve(program),
  );
  const send = async (path: string, init: RequestInit, peer = "10.0.0.1:4711") => {
    const answer = await app.fetch(new Request(`https://localhost${path}`, init), { peer });
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  };
  return { seen, logged, send, pass: (ms: number) => now += ms };
}

const post = (headers: Record<string, string> = {}) => ({ method: "POST", body: "the code", headers });

Deno.test("grant answers: code, name and subject reach the redemption as Skupper sends them", async () => {
  const { seen, send } = stage();
  const answer = await send(PATH, post({ name: "west-1", subject: "7f3c" }));
  assert.deepEqual([answer.status, answer.text, answer.headers.get("cache-control")], [200, "link", "no-store"]);
  await send(PATH, post());
  await send(PATH, post({ name: "west.example.com" }));
  assert.deepEqual(seen.map(({ name, subject }) => [name, subject]), [
    ["west-1", "7f3c"],
    [undefined, undefined],
    ["west.example.com", undefined],
  ]);
  assert.equal(new TextDecoder().decode(seen[0]!.code), "the code");
  assert.equal(seen[0]!.uid, PATH.slice(1));
});

Deno.test("grant answers: each failure has Skupper's status, our code, and a line in the log without the secret", async () => {
  const statuses = {
    GRANT_CODE: 403,
    GRANT_UNKNOWN: 404,
    GRANT_EXPIRED: 404,
    GRANT_USED_UP: 404,
    GRANT_STORAGE: 503,
    SITE_SECRET: 500,
  };
  for (const [code, status] of Object.entries(statuses)) {
    const { send, logged } = stage(() => {
      throw new TendrilError(code, "because of /home/site", { hint: "Do this." });
    });
    const answer = await send(PATH, post());
    assert.equal(answer.status, status);
    assert.match(answer.text, new RegExp(`\\[${code}\\]`));
    assert.equal(answer.text.includes("/home/site"), status < 500, "what is wrong inside stays inside");
    assert.match(JSON.stringify(logged), new RegExp(`because.*${code}.*10\\.0\\.0\\.1:4711.*Do this`));
    assert.ok(!JSON.stringify(logged).includes("the code"));
  }
});

Deno.test("grant answers: only POST redeems, and only at one place", async () => {
  const { send, seen } = stage();
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]) {
    assert.equal((await send(PATH, { method })).status, 405, method);
  }
  for (const path of ["/", "/a/b", `${PATH}/x`]) assert.equal((await send(path, post())).status, 404, path);
  assert.equal(seen.length, 0);
});

Deno.test("grant answers: the program is handed out with its SHA-256, and not to all at once", async () => {
  const octets = new TextEncoder().encode("export {};");
  let open = 0;
  const program = {
    sha256: "ab".repeat(32),
    size: octets.length,
    open: () => {
      open++;
      return Promise.resolve(new Blob([octets]).stream());
    },
  };
  const { send, seen } = stage(undefined, program);
  const whole = await send("/tendril.js", { method: "GET" });
  assert.deepEqual([whole.status, whole.text], [200, "export {};"]);
  assert.match(whole.headers.get("content-type") ?? "", /^text\/javascript/);
  const etag = whole.headers.get("etag") ?? "";
  assert.equal(etag, `"sha256:${program.sha256}"`);
  const known = await send("/tendril.js", { method: "GET", headers: { "if-none-match": etag } });
  assert.deepEqual([known.status, known.text], [304, ""]);
  const head = await send("/tendril.js", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-length")], [200, "10"]);
  assert.equal((await send("/tendril.js.sha256", { method: "GET" })).text, `${program.sha256}  tendril.js\n`);
  assert.equal(open, 1, "a file is opened for those who get it");
  assert.equal((await send("/tendril.js", post())).status, 200, "a grant could have any name");
  assert.equal(seen.length, 1);
  const none = stage();
  for (const path of ["/tendril.js", "/tendril.js.sha256"]) {
    assert.equal((await none.send(path, { method: "GET" })).status, 404);
  }
});

Deno.test("grant answers: so many downloads are under way at once, and each that ends or is given up makes room", async () => {
  const program = {
    sha256: "ab".repeat(32),
    size: 10,
    open: () => Promise.resolve(new ReadableStream<Uint8Array>({ start: (to) => to.enqueue(new Uint8Array(10)) })),
  };
  const app = grantApp(() => Promise.resolve(""), silentLogger, () => 0, () => Promise.resolve(program));
  const get = async () => await app.fetch(new Request("https://localhost/tendril.js"), { peer: "10.0.0.1:1" });
  const downloads = await Promise.all(Array.from({ length: 16 }, get));
  assert.deepEqual(new Set(downloads.map(({ status }) => status)), new Set([200]));
  assert.equal((await get()).status, 503);
  await downloads[0]!.body!.cancel();
  const again = await get();
  assert.equal(again.status, 200);
  for (const { body } of [...downloads.slice(1), again]) await body!.cancel();
});

Deno.test("grant answers: names that no link may have are refused before anything is counted", async () => {
  const { send, seen } = stage();
  const bad = [{ name: "../x" }, { name: "a b" }, { name: "x".repeat(300) }, { subject: "ü" }, {
    subject: "x".repeat(300),
  }];
  for (const headers of bad) assert.equal((await send(PATH, post(headers as Record<string, string>))).status, 400);
  assert.equal(seen.length, 0);
});

Deno.test("grant answers: who fails often has to wait, alone, and successes cost nothing", async () => {
  let fail = false;
  const { send, seen, logged, pass } = stage(() => {
    if (fail) throw new TendrilError("GRANT_CODE", "wrong");
    return "link";
  });
  for (let i = 0; i < 50; i++) assert.equal((await send(PATH, post())).status, 200);
  fail = true;
  for (let i = 0; i < 20; i++) assert.equal((await send(PATH, post(), `10.0.0.1:${i}`)).status, 403);
  const asked = seen.length;
  assert.equal(JSON.stringify(logged).split("GRANT_RATE").length, 2, "said once");
  const waiting = await send(PATH, post());
  assert.deepEqual([waiting.status, waiting.headers.get("retry-after"), seen.length], [429, "3", asked]);
  assert.equal((await send(PATH, post(), "10.0.0.2:1")).status, 403);
  pass(3000);
  assert.equal((await send(PATH, post())).status, 403);
  assert.equal((await send(PATH, post())).status, 429);
});
