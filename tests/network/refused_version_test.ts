/** Another version of a plugin that can't be had, for each reason there is: it is told, and the good version keeps serving. */

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { digestOf } from "../../adaptors/compile.ts";
import { signDigest } from "../../agent/adaptor/signature.ts";
import { loadFixture } from "../../agent/adaptor/testing_fixture.ts";
import { contentLength, ModuleStore, send, type StoreAnswer } from "../support/module_store.ts";
import { PluginSite } from "../support/plugin_site.ts";
import { connect, readExactly, writeAll } from "../support/tcp.ts";
import { until } from "../support/until.ts";

const { bytes: good } = await loadFixture("echo");
/** The same with a section that means nothing: another version that serves as well. */
const next = Uint8Array.of(...good, 0, 5, 4, ...new TextEncoder().encode("next"));
const goodDigest = await digestOf(good);
const nextDigest = await digestOf(next);
const PAYLOAD = new TextEncoder().encode("hello");

const { privateKey } = generateKeyPairSync("ed25519");
const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const signed = await signDigest(nextDigest, pem);
const keys = [signed.publicKey];
const wrong = `sha256:${"0".repeat(64)}`;

const whole: StoreAnswer = (conn) => send(conn, contentLength(next.length), next);
const tampered = next.slice();
tampered[tampered.length - 1]! ^= 1;

/** What is wrong, its code, how the server answers, and what the resource says. */
const FAULTS: readonly [string, string, StoreAnswer, { sha256?: string; keys?: string[]; signature?: string }?][] = [
  ["tampered octets", "ADAPTOR_DIGEST", (conn) => send(conn, contentLength(tampered.length), tampered)],
  ["a wrong pin", "ADAPTOR_DIGEST", whole, { sha256: wrong }],
  ["no signature", "ADAPTOR_UNSIGNED", whole, { keys }],
  ["the signature of another version", "ADAPTOR_SIGNATURE", whole, {
    keys,
    signature: (await signDigest(goodDigest, pem)).signature,
  }],
  ["a download that is cut off", "DOWNLOAD_CUT_OFF", (conn) => send(conn, contentLength(next.length), good)],
  ["a server that falls silent", "DOWNLOAD_STALLED", async (conn, ended) => {
    await send(conn, contentLength(next.length), good);
    await ended;
  }],
  [
    "a server that does not have it",
    "DOWNLOAD_REFUSED",
    (conn) => send(conn, new TextEncoder().encode("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")),
  ],
];

Deno.test("refused version: whatever keeps it from being loaded is told, and the good one serves on, then gives way to a sound one", async (t) => {
  await using store = await ModuleStore.start(good);
  const spec = { name: "echo", source: store.url, sha256: goodDigest, keys: [], ca: store.ca, limits: {} };
  const times = { stallMs: 500, totalMs: 60_000 };
  await using site = await PluginSite.start([], [spec], { downloadTimes: times });
  await until(() => site.listener("echo").open);
  const serves = async () => {
    const conn = await connect(site.listener("echo").port);
    await writeAll(conn, PAYLOAD);
    assert.ok(await readExactly(conn, PAYLOAD.length));
    conn.close();
  };
  let over = false;
  let served = 0;
  const clients = (async () => {
    for (; !over; served++) await serves();
  })();
  try {
    for (const [fault, code, answer, more = {}] of FAULTS) {
      await t.step(fault, async () => {
        store.answer = answer;
        const wanted = more.sha256 ?? nextDigest;
        const before = site.log.length;
        // As if it were named for the first time: what is still tried of the last one is given up.
        await site.apply([spec]);
        await site.apply([{ ...spec, sha256: nextDigest, ...more }]);
        const told = () => site.log.slice(before).find(({ fields }) => fields.code === code);
        await until(() => told() !== undefined);
        assert.deepEqual([told()?.level, told()?.fields.adaptor, told()?.fields.digest], ["error", "echo", wanted]);
        const { state, digest, message } = site.adaptor("echo");
        assert.deepEqual([state, digest], ["ready", goodDigest]);
        assert.ok(message.startsWith(`goes on with what it has, without ${wanted}: `), message);
        const soFar = served;
        await until(() => served > soFar + 1);
      });
    }
    store.answer = whole;
    await site.apply([{ ...spec, sha256: nextDigest, keys, signature: signed.signature }]);
    await until(() => site.adaptor("echo").digest === nextDigest);
    assert.equal(site.adaptor("echo").message, "OK");
    const before = served;
    await until(() => served > before + 1);
  } finally {
    over = true;
    await clients;
  }
});
