import assert from "node:assert/strict";
import { createServer } from "node:tls";
import type { AddressInfo } from "node:net";
import { TestAuthority } from "../transport/testing_certs.ts";
import { dialSecureTarget } from "./secure_target.ts";

/** What the failure to dial a target of an authority that nobody knows says, with no CA in the Secret. */
async function failure(): Promise<{ code: string; message: string; hint: string }> {
  const { cert, key } = await (await TestAuthority.create("unknown")).issue({ name: "x", dns: ["localhost"] });
  const server = createServer({ cert, key }).on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const tls = { ca: "", verifyHostname: true };
  const target = { host: "127.0.0.1", port, tls, protocols: [], timeoutMs: 9000, onRejected() {} };
  try {
    await dialSecureTarget(target, new AbortController().signal);
  } catch (error) {
    return error as { code: string; message: string; hint: string };
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  return assert.fail("it was trusted");
}

Deno.test({
  name: "secure target: without a CA those of the machine count, and what is missing to read them is told",
  permissions: { net: true, read: false },
  fn: async () => {
    const { code, message, hint } = await failure();
    assert.equal(code, "TARGET_TLS_CA");
    assert.match(message, /can't be read/);
    assert.match(hint, /--allow-read=\/etc\/ssl\/certs\/ca-certificates\.crt/);
  },
});

Deno.test({
  name: "secure target: the CAs of the machine vouch for no stranger",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const { code, message } = await failure();
    assert.equal(code, "TARGET_TLS_CA");
    assert.match(message, /^The target.*not.* trusted here|can't be read/);
  },
});
