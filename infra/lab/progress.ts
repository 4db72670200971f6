/** Who is told what takes long. */

/** Gets one line of what is being done; a new line replaces the one before. */
export type Progress = (what: string) => void;

/** Tells nobody. */
export const quietly: Progress = () => {};

/** Tells on stderr: with the seconds since the start, one line each. */
export function onStderr(): Progress {
  const start = Date.now();
  let last = "";
  return (what) => {
    if (what === last) return;
    last = what;
    process.stderr.write(`${((Date.now() - start) / 1000).toFixed(0).padStart(5)} s  ${what}\n`);
  };
}

/** Tells `what` now, and again every ten seconds with the time it has taken, until `work` ends. */
export async function beating<T>(
  progress: Progress,
  what: string,
  work: Promise<T>,
  detail: () => string = () => "",
): Promise<T> {
  progress(what);
  const start = Date.now();
  const timer = setInterval(() => {
    const seconds = Math.round((Date.now() - start) / 1000);
    progress(`${what} (${detail()}${seconds} s so far)`);
  }, 10_000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

/** Tells what is being done, but only where it takes longer than two seconds. */
export async function whenSlow<T>(progress: Progress, what: string, work: () => Promise<T> | T): Promise<T> {
  const timer = setTimeout(() => progress(what), 2_000);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}
