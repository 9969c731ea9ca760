/**
 * The contract suite for a module of which nothing is known but what it says of itself. Without recorded conversations it shows
 * that the module keeps the ABI, not that it speaks its protocol.
 */

import { contractCases, type Transcript } from "./contract.ts";
import { messageOf } from "../lib/errors.ts";
import type { WasmAdaptorModule } from "./module.ts";

/** What became of one clause. */
export interface Verdict {
  /** The clause, a sentence without its subject. */
  readonly clause: string;
  /** Why it is broken; undefined when it is kept. */
  readonly fault: string | undefined;
}

/** What adaptors of many messages are opened with here. */
export const MANY_CONFIG: Uint8Array = new TextEncoder().encode("site=trial\nkey=trial\n");

/** Puts `module`, which was loaded from `bytes`, to the test, with `recorded` conversations if there are any. */
export function tryModule(
  module: WasmAdaptorModule,
  bytes: Uint8Array<ArrayBuffer>,
  recorded: readonly Transcript[] = [],
): Verdict[] {
  const verdicts: Verdict[] = [];
  let transcripts: Transcript[];
  try {
    transcripts = [...openings(module), ...recorded];
  } catch (error) {
    return [{ clause: "can be opened in each of its roles", fault: messageOf(error) }];
  }
  for (const { title, run } of contractCases) {
    try {
      run({ module, bytes, transcripts });
      verdicts.push({ clause: title, fault: undefined });
    } catch (error) {
      verdicts.push({ clause: title, fault: messageOf(error).split("\n")[0] ?? "" });
    }
  }
  return verdicts;
}

function openings(module: WasmAdaptorModule): Transcript[] {
  const config = module.messages === "many" ? MANY_CONFIG : new Uint8Array(0);
  return module.description.roles.map((role) => {
    const instance = module.instantiate();
    const opening = instance.open(role, config).map((action) =>
      "data" in action ? { ...action, data: action.data.slice() } : action
    );
    instance.close();
    return { title: `as a ${role}`, role, config, opening, steps: [] };
  });
}
