/** What every adaptor re-exports from its `index.ts`, beside its own `describe`, `open`, `feed`, `tick` and `close`. */

export { in_cap, in_ptr, out_cap, out_ptr } from "./buffers";
export { drain } from "./writer";

/** The marker: this module speaks ABI v1. */
export function tendril_abi_1(): void {}

/** The marker of v1.1, which a module re-exports beside the other when it uses what that version added. */
export function tendril_abi_1_1(): void {}

/** The same for v1.2. */
export function tendril_abi_1_2(): void {}

/** The same for v1.3. */
export function tendril_abi_1_3(): void {}

/** The same for v1.4. */
export function tendril_abi_1_4(): void {}
