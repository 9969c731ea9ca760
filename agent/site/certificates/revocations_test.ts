import assert from "node:assert/strict";
import { readRevoked, revocationId, Revocations, revoke, REVOKED_FILE } from "./revocations.ts";

const FINGERPRINT = "7E:94:45:99:FB:79:57:CA:78:15:2A:AB:B5:2F:79:13:7C:2E:F5:14:5E:B3:F2:39:30:91:83:13:AF:DA:3C:CB";

async function withFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("revocations: every way to write a fingerprint or a serial number means the same", () => {
  for (const text of [FINGERPRINT, FINGERPRINT.toLowerCase(), FINGERPRINT.replaceAll(":", "")]) {
    assert.equal(revocationId(text), FINGERPRINT);
  }
  for (const text of ["2ca9", "2C:A9", "0x2CA9", "00002CA9"]) assert.equal(revocationId(text), "2CA9");
  for (const text of ["", "west", "CN=west", "2CA9 08", `${FINGERPRINT}:00`, "1".repeat(41)]) {
    assert.equal(revocationId(text), undefined, text);
  }
});

Deno.test("revocations: a certificate is known by either of its numbers, and a peer without one by none", () => {
  const revocations = new Revocations(["2CA9", FINGERPRINT]);
  assert.ok(revocations.has({ fingerprint: "AA", serial: "2CA9" }));
  assert.ok(revocations.has({ fingerprint: FINGERPRINT, serial: "1" }));
  assert.ok(!revocations.has({ fingerprint: "AA", serial: "2CA" }));
  assert.ok(!revocations.has({ fingerprint: undefined }));
  revocations.set([]);
  assert.ok(!revocations.has({ fingerprint: FINGERPRINT, serial: "2CA9" }));
});

Deno.test("revocations: the file keeps what people wrote, each certificate once, for its owner's eyes only", () =>
  withFolder(async (dir) => {
    assert.deepEqual(await readRevoked(dir), []);
    assert.equal(await revoke(dir, "2CA9", "2026-11-21 west"), true);
    await Deno.writeTextFile(`${dir}/${REVOKED_FILE}`, `\n  ${FINGERPRINT} by hand\n# a remark`, { append: true });
    assert.equal(await revoke(dir, FINGERPRINT, ""), false);
    assert.equal(await revoke(dir, "5", ""), true);
    assert.deepEqual(await readRevoked(dir), ["2CA9", FINGERPRINT, "5"]);
    assert.match(
      await Deno.readTextFile(`${dir}/${REVOKED_FILE}`),
      /^2CA9 {2}2026-11-21 west\n\n {2}7E:[^]*\n# a remark\n5/m,
    );
    assert.equal((await Deno.stat(`${dir}/${REVOKED_FILE}`)).mode! & 0o777, 0o600);
  }));

Deno.test("revocations: of those who revoke at once, nobody writes over what another has added", () =>
  withFolder(async (dir) => {
    const ids = ["1", "2", "3", "4", "5", "6"];
    const news = await Promise.all([...ids, "1"].map((id) => revoke(dir, id, "")));
    assert.deepEqual((await readRevoked(dir)).sort(), ids);
    assert.equal(news.filter((isNew) => isNew).length, ids.length);
  }));

Deno.test("revocations: a line that can't be read is an error with its place, for it was meant to shut somebody out", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/${REVOKED_FILE}`, "2CA9\nwest is stolen\n");
    await assert.rejects(readRevoked(dir), { code: "SITE_INVALID", message: /revoked\.txt:2: west is neither/ });
    await assert.rejects(revoke(dir, "5", ""), { code: "SITE_INVALID" });
  }));
