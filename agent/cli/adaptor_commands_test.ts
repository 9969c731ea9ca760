import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { loadFixture } from "../adaptor/testing_fixture.ts";
import { dispatch } from "./dispatch.ts";
import { EXIT } from "./exit_codes.ts";
import { commands } from "./table.ts";
import { TestIo } from "./testing_io.ts";

async function tendril(...argv: string[]): Promise<TestIo & { code: number }> {
  const io = new TestIo({ colors: false });
  return Object.assign(io, { code: await dispatch(argv, { commands, io, entry: "main.ts" }) });
}

/** A folder with modules and two pairs of keys. */
async function withFiles(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    for (const name of ["echo", "hostile"]) {
      await Deno.writeFile(`${dir}/${name}.wasm`, (await loadFixture(name)).bytes);
    }
    await Deno.copyFile(new URL("../adaptor/builtin/http1.wasm", import.meta.url), `${dir}/http1.wasm`);
    await Deno.writeFile(`${dir}/bad.wasm`, Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    for (const owner of ["author", "other"]) {
      const { privateKey, publicKey } = generateKeyPairSync("ed25519");
      await Deno.writeTextFile(`${dir}/${owner}.pem`, `${privateKey.export({ format: "pem", type: "pkcs8" })}`);
      await Deno.writeTextFile(`${dir}/${owner}.pub`, `${publicKey.export({ format: "pem", type: "spki" })}`);
    }
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("adaptor inspect: tells what a module says of itself, for people and for programs", () =>
  withFiles(async (dir) => {
    const text = await tendril("adaptor", "inspect", `${dir}/http1.wasm`);
    assert.equal(text.code, EXIT.ok, text.err);
    assert.match(text.out, /^name: +http1$/m);
    assert.match(text.out, /^roles: +listener, connector$/m);
    const json = await tendril("adaptor", "inspect", `${dir}/http1.wasm`, "-o", "json");
    const { sha256, name, messages } = JSON.parse(json.out);
    assert.deepEqual([name, messages], ["http1", "many"]);
    assert.ok(text.out.includes(sha256));
  }));

Deno.test("adaptor inspect: a module that no site would load ends with the reason, a path without one as well", () =>
  withFiles(async (dir) => {
    const bad = await tendril("adaptor", "inspect", `${dir}/bad.wasm`);
    assert.deepEqual([bad.code, /error\[ADAPTOR_MEMORY\]/.test(bad.err)], [EXIT.failure, true]);
    for (const path of [`${dir}/none.wasm`, dir]) {
      const absent = await tendril("adaptor", "inspect", path);
      assert.deepEqual([absent.code, /error\[ADAPTOR_FILE\]/.test(absent.err)], [EXIT.configuration, true]);
    }
  }));

Deno.test("adaptor sign, verify: what one has signed the other accepts, with the right key, module and pin alone", () =>
  withFiles(async (dir) => {
    const signed = await tendril("adaptor", "sign", `${dir}/echo.wasm`, "--key", `${dir}/author.pem`, "-o", "json");
    assert.equal(signed.code, EXIT.ok, signed.err);
    const { sha256, signature } = JSON.parse(signed.out);
    const verify = (file: string, key: string, pin: string) =>
      tendril(
        "adaptor",
        "verify",
        `${dir}/${file}.wasm`,
        "--sha256",
        pin,
        "--key",
        `${dir}/${key}.pub`,
        "--signature",
        signature,
      );
    const good = await verify("echo", "author", sha256);
    assert.equal(good.code, EXIT.ok, good.err);
    assert.match(good.out, /^pinned: +yes\nsigned: +yes\nloadable: yes$/m);
    const wrong = [
      ["ADAPTOR_SIGNATURE", await verify("echo", "other", sha256)],
      ["ADAPTOR_DIGEST", await verify("hostile", "author", sha256)],
      ["ADAPTOR_UNSIGNED", await tendril("adaptor", "verify", `${dir}/echo.wasm`, "--key", `${dir}/author.pub`)],
    ] as const;
    for (const [code, { code: exit, err }] of wrong) {
      assert.equal(exit, EXIT.failure);
      assert.ok(err.includes(`error[${code}]`), err);
    }
    const notAKey = await tendril("adaptor", "sign", `${dir}/echo.wasm`, "--key", `${dir}/author.pub`);
    assert.deepEqual([notAKey.code, /error\[ADAPTOR_KEY\]/.test(notAKey.err)], [EXIT.configuration, true]);
  }));

Deno.test("adaptor sign: the private key is nowhere in what it prints", () =>
  withFiles(async (dir) => {
    const key = await Deno.readTextFile(`${dir}/author.pem`);
    const secret = key.split("\n")[1]!;
    for (const form of ["text", "json"]) {
      const { out, err } = await tendril(
        "adaptor",
        "sign",
        `${dir}/echo.wasm`,
        "--key",
        `${dir}/author.pem`,
        "-o",
        form,
      );
      assert.ok(out !== "" && !(out + err).includes(secret.slice(-20)));
    }
  }));

Deno.test("adaptor test: an adaptor that keeps the contract passes, one that breaks it fails by the clause", () =>
  withFiles(async (dir) => {
    for (const name of ["echo", "http1"]) {
      const kept = await tendril("adaptor", "test", `${dir}/${name}.wasm`);
      assert.equal(kept.code, EXIT.ok, kept.out + kept.err);
      assert.match(kept.out, /^ok +keeps the policy/m);
    }
    const broken = await tendril("adaptor", "test", `${dir}/hostile.wasm`, "-o", "json");
    assert.equal(broken.code, EXIT.failure);
    const { failed, clauses } = JSON.parse(broken.out);
    assert.ok(failed > 0 && clauses.some(({ kept, fault }: { kept: boolean; fault: string }) => !kept && fault !== ""));
  }));
