/** Runs the edge site of a folder with the TCP adaptor as WebAssembly or without: `adaptor_edge.ts FOLDER wasm|native`. */

import { startEdge } from "../../agent/site/runtime.ts";
import { loadSite } from "../../agent/site/load.ts";
import { silentLogger } from "../../agent/telemetry/log.ts";
import { nativeTcp } from "./native_tcp.ts";

const [folder, kind] = Deno.args;
await startEdge(await loadSite(folder), {
  logger: silentLogger,
  ...(kind === "native" ? { loadAdaptor: () => Promise.resolve(nativeTcp) } : {}),
});
