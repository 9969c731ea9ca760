/** Waits for a condition that another part of the system will make true. */

const STEP_MS = 5;

/** Resolves when `condition` holds; rejects after `limitMs`. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not true within ${limitMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}
