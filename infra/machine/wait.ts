/** Waits: for a while, or until something holds. */

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks `probe` every `everyMs` until it answers true; false when `forMs` have gone by. */
export async function until(
  probe: () => boolean | Promise<boolean>,
  forMs: number,
  everyMs = 50,
): Promise<boolean> {
  const end = Date.now() + forMs;
  for (;;) {
    if (await probe()) return true;
    if (Date.now() >= end) return false;
    await sleep(everyMs);
  }
}
