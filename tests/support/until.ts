/** Waits for a condition that another part of the system will make true. */

const STEP_MS = 5;

/** Resolves when `condition` holds; rejects after `limitMs`. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = 30_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const asked = performance.now();
    if (await condition()) return;
    const now = performance.now();
    if (now > deadline) throw new Error(`not true within ${limitMs} ms: ${condition}`);
    // A question that takes its time, such as another program, leaves as much to what it waits for.
    await new Promise((resolve) => setTimeout(resolve, Math.max(STEP_MS, now - asked)));
  }
}
