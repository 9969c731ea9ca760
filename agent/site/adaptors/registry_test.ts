/** Plugins of a running site, as Policies change. */

import assert from "node:assert/strict";
import { until } from "../../../tests/support/until.ts";
import { modules } from "../../adaptor/builtin/modules.ts";
import { adaptorConfig } from "../../bridge/adaptor_config.ts";
import { silentLogger } from "../../telemetry/log.ts";
import type { AdaptorSpec, PolicySpec } from "../spec.ts";
import { AdaptorRegistry } from "./registry.ts";

Deno.test("registry: a version on trial that a Policy denies by then is tried no more", async () => {
  const dir = await Deno.makeTempDir();
  const first = Uint8Array.fromBase64(modules.http1);
  // The same with a custom section, and so with another digest.
  const second = new Uint8Array([...first, 0, 2, 1, 0x78]);
  const sha256 = `sha256:${new Uint8Array(await crypto.subtle.digest("SHA-256", second)).toHex()}`;
  await Deno.writeFile(`${dir}/first.wasm`, first);
  await Deno.writeFile(`${dir}/second.wasm`, second);
  const registry = new AdaptorRegistry({
    dir,
    logger: silentLogger,
    onLoaded() {},
    onChange() {},
    van: () => assert.fail("nothing comes from the network"),
  });
  const status = () => registry.status().find(({ name }) => name === "x");
  const apply = (file: string, policies: readonly PolicySpec[] = []) => {
    const canary = { share: 50, connections: 2, failures: 5 };
    const spec: AdaptorSpec = { name: "x", source: `file:${file}`, keys: [], ca: "", limits: {}, canary };
    return registry.apply([spec], () => false, policies);
  };
  try {
    await apply("first.wasm");
    await until(() => status()?.state === "ready");
    await apply("second.wasm");
    await until(() => status()?.canary?.digest === sha256);
    const denying: PolicySpec = {
      name: "p",
      default: "allow",
      rules: [{ name: "no", effect: "deny", link: [], offer: [], consume: [], load: [{ sha256 }] }],
    };
    await apply("second.wasm", [denying]);
    await until(() => status()?.canary === undefined);
    assert.match(status()?.message ?? "", /goes on with what it has, without .* may not be loaded/);
    const module = await registry.load("x");
    for (let connection = 0; connection < 6; connection++) {
      const instance = module.instantiate();
      instance.open("listener", adaptorConfig("site", "key"));
      instance.close();
    }
    assert.notEqual(status()?.digest, sha256);
  } finally {
    await registry.stop();
    await Deno.remove(dir, { recursive: true });
  }
});
