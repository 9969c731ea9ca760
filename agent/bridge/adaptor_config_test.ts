import { deepEqual, throws } from "node:assert/strict";
import { loadBuiltin } from "../adaptor/builtin.ts";
import { adaptorConfig } from "./adaptor_config.ts";

const text = (config: Uint8Array) => new TextDecoder().decode(config);

Deno.test("adaptor config: says where the adaptor is, and that its target has TLS if it has", () => {
  deepEqual(text(adaptorConfig("we st", 'k"ey')), "site=we_st\nkey=k_ey\n");
  deepEqual(text(adaptorConfig("west", "key", true)), "site=west\nkey=key\nscheme=https\n");
});

for (const name of ["http1", "http2"] as const) {
  Deno.test(`adaptor config: ${name} passes over names that it does not know, and refuses what is no line of a name`, async () => {
    const module = await loadBuiltin(name);
    const open = (config: string) => module.instantiate().open("connector", new TextEncoder().encode(config));
    deepEqual(open("site=west\nlater=x\nkey=key\n"), open("site=west\nkey=key\n"));
    throws(() => open("site=west\nlater\n"), { code: "ADAPTOR_UNSUPPORTED" });
  });
}
