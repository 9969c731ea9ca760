/**
 * From a resource to a module that connections may use: out of the cache, else from its source; then the same checks for
 * either, in the order of `docs/reference/adaptor-abi.md`.
 */

import { checkDigest, takeIn, type TakenModule } from "../../adaptor/intake.ts";
import { type AdaptorLimits, defaultLimits } from "../../adaptor/limits.ts";
import { loadAdaptor } from "../../adaptor/load.ts";
import type { WasmAdaptorModule } from "../../adaptor/module.ts";
import { checkSignature } from "../../adaptor/signature.ts";
import { messageOf, TendrilError } from "../../lib/errors.ts";
import { download, type DownloadTimes } from "../../transport/download.ts";
import type { AdaptorSpec } from "../spec.ts";
import type { ModuleCache } from "./cache.ts";

/** What obtaining needs besides the resource. */
export interface ObtainContext {
  /** Folder of the site: `file:` begins here. */
  readonly dir: string;
  /** Of the same site. */
  readonly cache: ModuleCache;
  /** Gives it up. */
  readonly signal: AbortSignal;
  /** Gets modules out of a plugin store of the network, by their digest, in pieces. */
  van(digest: string, signal: AbortSignal, times?: DownloadTimes): AsyncIterable<Uint8Array>;
  /** Throws unless a module with that digest may be loaded. */
  permit?(digest: string): Promise<void>;
  /** Hears the digest of what is taken in, whatever is then found in it. */
  onDigest?(digest: string): void;
  /** For tests. */
  readonly times?: DownloadTimes;
}

/** Obtains the plugin `spec`. Throws a TendrilError: `ADAPTOR_*`, `DOWNLOAD_*` or `VAN_*`. */
export async function obtain(spec: AdaptorSpec, context: ObtainContext): Promise<WasmAdaptorModule> {
  const limits: AdaptorLimits = { ...defaultLimits, ...spec.limits };
  // Nobody is asked for what may not be loaded; of a file that is not pinned, the digest comes last.
  if (spec.sha256 !== undefined) await context.permit?.(spec.sha256);
  const cached = spec.sha256 === undefined ? undefined : await context.cache.get(spec.sha256, limits.moduleOctets);
  const { bytes, digest } = cached === undefined || spec.sha256 === undefined
    ? await fromSource(spec, limits, context)
    : { bytes: cached, digest: spec.sha256 };
  if (spec.sha256 === undefined) await context.permit?.(digest);
  if (spec.keys.length > 0) await checkSignature(digest, spec.signature, spec.keys);
  const module = await loadAdaptor({ name: spec.name, bytes, digest, foreign: true }, limits);
  // A file is as near as the cache, unless it may change: then the pinned one is kept.
  if (cached === undefined && spec.sha256 !== undefined) await context.cache.put(digest, bytes);
  return module;
}

async function fromSource(spec: AdaptorSpec, limits: AdaptorLimits, context: ObtainContext): Promise<TakenModule> {
  const { source, ca, sha256 } = spec;
  const pieces = source.startsWith("file:")
    ? readFile(`${context.dir}/${source.slice("file:".length)}`)
    : source.startsWith("van:")
    ? context.van(sha256 ?? "", context.signal, context.times)
    : download({ url: source, ca, signal: context.signal }, context.times);
  const module = await takeIn(pieces, limits.moduleOctets);
  context.onDigest?.(module.digest);
  if (sha256 !== undefined) checkDigest(module.digest, sha256);
  return module;
}

async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    // To open a pipe might never end. Links are followed: mounted configuration consists of them.
    if (!(await Deno.stat(path)).isFile) throw new TypeError("it is no file");
    using file = await Deno.open(path);
    yield* file.readable.values({ preventCancel: true });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TendrilError("ADAPTOR_FILE", `${path} can't be read: ${messageOf(cause)}`, {
      cause,
      hint: "Put the module into the site's folder; the path in spec.source begins there.",
    });
  }
}
