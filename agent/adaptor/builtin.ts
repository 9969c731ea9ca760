/** The adaptors that come with the agent: embedded as text, so that they are there in a source tree and in a bundle alike. */

import { AdaptorError } from "./adaptor_error.ts";
import type { AdaptorModule } from "./action.ts";
import manifest from "./builtin/manifest.json" with { type: "json" };
import { modules } from "./builtin/modules.ts";
import { loadAdaptor } from "./load.ts";

const digests = new Map(Object.entries(manifest));
const loading = new Map<string, Promise<AdaptorModule>>();

/** Names of all built-in adaptors. */
export function builtinNames(): string[] {
  return Object.keys(modules);
}

/**
 * Loads a built-in adaptor, once per process however often it is asked for. Rejects with ADAPTOR_UNKNOWN, or with a load
 * code if the program was tampered with.
 */
export async function loadBuiltin(name: string): Promise<AdaptorModule> {
  const digest = digests.get(name);
  if (digest === undefined || !Object.hasOwn(modules, name)) {
    throw new AdaptorError("ADAPTOR_UNKNOWN", `there is no built-in adaptor ${JSON.stringify(name)}`, {
      hint: `Use one of: ${builtinNames().join(", ")}.`,
    });
  }
  let module = loading.get(name);
  if (module === undefined) {
    module = loadAdaptor({ name, bytes: Uint8Array.fromBase64(modules[name]!), digest });
    loading.set(name, module);
  }
  return await module;
}
