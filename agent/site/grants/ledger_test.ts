import assert from "node:assert/strict";
import { run } from "../../../tests/support/processes.ts";
import { TendrilError } from "../../lib/errors.ts";
import { type Grant, grantFile, grantsFolder, readGrant, writeGrant } from "./grant.ts";
import { GrantLedger } from "./ledger.ts";
import { deleteGrant, listGrants } from "./list.ts";

const NOW = Date.UTC(2026, 10, 21);
const UID = "a453de86-4d91-4e06-b8e7-93c624ad9f74";
const GRANT: Grant = {
  uid: UID,
  name: `hub-${UID}`,
  code: "vd8nXwX0f5tXk9erwuBrnHLd",
  allowed: 1,
  redemptions: 0,
  window: "15m",
  expires: NOW + 900_000,
  url: `https://[fd00::1]:9090/${UID}`,
  ca: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
  linkHost: "fd00::1",
};
const encode = (text: string) => new TextEncoder().encode(text);
const CODE = encode(GRANT.code);

async function withGrant(grant: Partial<Grant>, body: (dir: string, ledger: GrantLedger) => Promise<void>) {
  const dir = await Deno.makeTempDir();
  await Deno.mkdir(grantsFolder(dir));
  await Deno.writeTextFile(`${grantsFolder(dir)}/${grantFile(UID)}`, writeGrant({ ...GRANT, ...grant }));
  try {
    await body(dir, new GrantLedger(dir));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function uses(dir: string): Promise<number> {
  const path = `${grantsFolder(dir)}/${grantFile(UID)}`;
  return readGrant(await Deno.readTextFile(path), path).redemptions;
}

async function codeOf(failing: Promise<unknown>): Promise<string> {
  const error = await failing.then(() => undefined, (error) => error);
  return error instanceof TendrilError ? error.code : String(error);
}

const made = () => Promise.resolve("link");

Deno.test("grants: what is written is read again", () => {
  assert.deepEqual(readGrant(writeGrant(GRANT), "file"), GRANT);
});

Deno.test("grants: a grant of Skupper's controller is read, with its own spelling of time and no count yet", () => {
  const text = writeGrant(GRANT).replace(/^ {2}redemptions: 0\n/m, "").replace("00:15:00Z", "01:15:00+01:00");
  assert.deepEqual(readGrant(text, "file"), GRANT);
});

Deno.test("grants: a broken file is named, its code is not shown", () => {
  const text = writeGrant(GRANT).replace("expirationTime", "expiryTime");
  try {
    readGrant(text, "grants/x.yaml");
    assert.fail("it was read");
  } catch (error) {
    assert.ok(error instanceof TendrilError);
    assert.equal(error.code, "GRANT_STORAGE");
    assert.match(`${error.message} ${error.cause}`, /grants\/x\.yaml.*expirationTime/);
    assert.ok(!`${error.message} ${error.cause} ${error.hint}`.includes(GRANT.code));
  }
});

Deno.test("grants: each use is counted until there is none left", async () => {
  await withGrant({ allowed: 3 }, async (dir, ledger) => {
    for (const count of [1, 2, 3]) {
      assert.equal(await ledger.redeem(UID, CODE, NOW, made), "link");
      assert.equal(await uses(dir), count);
    }
    assert.equal(await codeOf(ledger.redeem(UID, CODE, NOW, made)), "GRANT_USED_UP");
    assert.equal((await Deno.stat(`${grantsFolder(dir)}/${grantFile(UID)}`)).mode! & 0o777, 0o600);
  });
});

Deno.test("grants: of many at once as many win as there are uses, in one process or in several", async () => {
  await withGrant({ allowed: 3 }, async (dir) => {
    const attempts = Array.from({ length: 12 }, () => codeOf(new GrantLedger(dir).redeem(UID, CODE, NOW, made)));
    const codes = await Promise.all(attempts);
    assert.equal(codes.filter((code) => code === "GRANT_USED_UP").length, 9);
    assert.equal(codes.filter((code) => code === "undefined").length, 3);
    assert.equal(await uses(dir), 3);
  });
  await withGrant({ allowed: 1, expires: Date.now() + 900_000 }, async (dir) => {
    const results = await Promise.all([0, 1, 2].map(() => child(dir, "Promise.resolve()", "")));
    assert.deepEqual(results.map(({ code }) => code).sort(), [0, 1, 1]);
    assert.equal(await uses(dir), 1);
  });
});

Deno.test("grants: only who has the code learns that it expired or was used up", async () => {
  const cases: [Partial<Grant>, number][] = [[{}, NOW + 900_000], [{ redemptions: 1 }, NOW]];
  for (const [grant, now] of cases) {
    await withGrant(grant, async (dir, ledger) => {
      for (const code of ["", "x", `${GRANT.code}x`, GRANT.code.slice(1)]) {
        assert.equal(await codeOf(ledger.redeem(UID, encode(code), now, made)), "GRANT_CODE");
      }
      const expected = grant.redemptions === undefined ? "GRANT_EXPIRED" : "GRANT_USED_UP";
      assert.equal(await codeOf(ledger.redeem(UID, CODE, now, made)), expected);
      assert.equal(await uses(dir), grant.redemptions ?? 0);
    });
  }
});

Deno.test("grants: what is no uid is no path either", async () => {
  await withGrant({}, async (_dir, ledger) => {
    for (const uid of ["", "../secret", UID.toUpperCase(), `${UID}/`, crypto.randomUUID()]) {
      assert.equal(await codeOf(ledger.redeem(uid, CODE, NOW, made)), "GRANT_UNKNOWN");
    }
  });
});

Deno.test("grants: a link that can't be made costs no use", async () => {
  await withGrant({}, async (dir, ledger) => {
    await assert.rejects(
      ledger.redeem(UID, CODE, NOW, () => Promise.reject(new Error("no authority"))),
      /no authority/,
    );
    assert.equal(await uses(dir), 0);
  });
});

Deno.test("grants: one that is called back while it is redeemed does not come back to life", async () => {
  await withGrant({ allowed: 2 }, async (dir, ledger) => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: issued, resolve: end } = Promise.withResolvers<string>();
    const redeeming = ledger.redeem(UID, CODE, NOW, () => {
      begin();
      return issued;
    });
    await begun;
    const deleting = Promise.all([deleteGrant(dir, GRANT.name), deleteGrant(dir, UID)]);
    // Whoever removes it without waiting has done so by then.
    await new Promise((resolve) => setTimeout(resolve, 50));
    end("link");
    assert.equal(await redeeming, "link");
    await deleting;
    assert.deepEqual(await listGrants(dir), []);
    assert.equal(await codeOf(ledger.redeem(UID, CODE, NOW, made)), "GRANT_UNKNOWN");
  });
});

Deno.test("grants: where uses can't be counted nobody gets a link", async () => {
  await withGrant({}, async (dir, ledger) => {
    await Deno.mkdir(`${grantsFolder(dir)}/.lock`);
    assert.equal(await codeOf(ledger.redeem(UID, CODE, NOW, made)), "GRANT_STORAGE");
    assert.equal(await codeOf(ledger.delete(UID)), "GRANT_STORAGE");
  });
});

/** Redeems in a process of its own, which runs `during` while the link is made and `after` when it was counted. */
function child(dir: string, during: string, after: string) {
  const ledger = new URL("./ledger.ts", import.meta.url).href;
  const script = `const { GrantLedger } = await import("${ledger}");
    await new GrantLedger(${JSON.stringify(dir)}).redeem("${UID}", new TextEncoder().encode("${GRANT.code}"),
      Date.now(), () => ${during});
    ${after}`;
  return run(Deno.execPath(), ["eval", "--no-check", script]);
}

Deno.test("grants: a process that dies before it has counted has used nothing, one that dies after it has", async () => {
  const kill = `Deno.kill(Deno.pid, "SIGKILL")`;
  await withGrant({ expires: Date.now() + 900_000 }, async (dir, ledger) => {
    const before = await child(dir, `{ ${kill}; return new Promise(() => setTimeout(() => {}, 1e6)); }`, "");
    assert.equal(before.code, 137, before.stderr);
    assert.equal(await uses(dir), 0);
    const after = await child(dir, "Promise.resolve()", `${kill}; await new Promise(() => setTimeout(() => {}, 1e6));`);
    assert.equal(after.code, 137, after.stderr);
    assert.equal(await uses(dir), 1);
    assert.equal(await codeOf(ledger.redeem(UID, CODE, Date.now(), made)), "GRANT_USED_UP");
  });
});
