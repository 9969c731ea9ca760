/** Test support: the adaptors in `adaptors/testing/`, compiled from source when a test asks for one. */

import { compileAdaptor, digestOf } from "../../adaptors/compile.ts";
import { FAULT_WINDOW_MS } from "./health.ts";
import { defaultLimits } from "./limits.ts";
import { loadAdaptor } from "./load.ts";
import type { WasmAdaptorModule } from "./module.ts";

/** A compiled and loaded fixture. */
export interface Fixture {
  /** What the load pipeline made of it. */
  readonly module: WasmAdaptorModule;
  /** What went into the load pipeline. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const fixtures = new Map<string, Promise<Fixture>>();

/** Compiles and loads `adaptors/testing/assembly/<name>.ts`, once per process. Needs read permission. */
export function loadFixture(name: string): Promise<Fixture> {
  const known = fixtures.get(name);
  if (known) return known;
  const fixture = make(name);
  fixtures.set(name, fixture);
  return fixture;
}

async function make(name: string): Promise<Fixture> {
  const entry = new URL(`../../adaptors/testing/assembly/${name}.ts`, import.meta.url);
  const bytes = await compileAdaptor(entry.pathname, { memoryPages: 2 });
  const source = { name: name.replaceAll("_", "-"), bytes, digest: await digestOf(bytes) };
  // Tests make it fail again and again: on this clock no fault is near another, so it is never quarantined.
  let now = 0;
  const module = await loadAdaptor(source, defaultLimits, () => now += FAULT_WINDOW_MS);
  return { module, bytes };
}
