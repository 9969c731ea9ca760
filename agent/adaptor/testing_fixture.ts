/** Test support: the adaptors in `adaptors/testing/`, compiled from source when a test asks for one. */

import { compileAdaptor, digestOf } from "../../adaptors/compile.ts";
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
  const source = new URL(`../../adaptors/testing/assembly/${name}.ts`, import.meta.url);
  const bytes = await compileAdaptor(source.pathname, { memoryPages: 2 });
  const module = await loadAdaptor({ name: name.replaceAll("_", "-"), bytes, digest: await digestOf(bytes) });
  return { module, bytes };
}
