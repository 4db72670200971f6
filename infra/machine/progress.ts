/** Who is told what takes long: a caller, or whoever looks at the terminal or the log. */

/** Gets what is being done right now; it replaces what was said before. */
export type Progress = (what: string) => void;

/** Tells nobody. */
export const quietly: Progress = () => {};

/** Where lines go; a terminal is redrawn, anything else is appended to. */
export interface Screen {
  write(text: string): void;
  isTTY: boolean;
  columns: number;
}

export const stderrScreen = (): Screen => ({
  write: (text) => void process.stderr.write(text),
  isTTY: process.stderr.isTTY === true,
  columns: process.stderr.columns ?? 100,
});

export const formatSeconds = (seconds: number): string =>
  seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;

/** Between two plain lines of the same work, milliseconds. */
const plainEveryMs = 10_000;

/** A line that is shown while work goes on. */
export interface LiveLine {
  /** It may read otherwise now. */
  changed(): void;
  /** Ends it; the last line takes its place. */
  end(last?: string): void;
}

/** Shows what `line` makes of the seconds gone by: in place on a terminal, else as a plain line every ten seconds. */
export function liveLine(
  line: (seconds: number) => string,
  screen: Screen,
  now: () => number = Date.now,
): LiveLine {
  const started = now();
  let said = started;
  const clear = screen.isTTY ? "\r\x1b[2K" : "";
  const draw = () => {
    const text = line((now() - started) / 1000);
    if (screen.isTTY) screen.write(`${clear}${text.slice(0, screen.columns - 1)}`);
    else if (now() - said >= plainEveryMs) {
      said = now();
      screen.write(`${text}\n`);
    }
  };
  const timer = setInterval(draw, 250);
  timer.unref();
  return {
    changed: draw,
    end(last) {
      clearInterval(timer);
      screen.write(clear + (last === undefined ? "" : `${last}\n`));
    },
  };
}

/**
 * Runs `work` under a title. What it says goes to `progress` where there is one; else it is shown on the screen, with
 * the time it has taken, from `afterMs` on: what is quicker passes in silence.
 */
export async function underTitle<T>(
  title: string,
  work: (progress: Progress) => Promise<T>,
  { progress, afterMs = 0, screen = stderrScreen() }: Showing = {},
): Promise<T> {
  if (progress) {
    progress(title);
    return work((what) => progress(`${title}: ${what}`));
  }
  const started = performance.now();
  let doing = "";
  let live: LiveLine | undefined;
  const elapsed = () => formatSeconds((performance.now() - started) / 1000);
  const line = () => `${title} ... ${elapsed()}${doing && `  ${doing}`}`;
  const begin = () => {
    live = liveLine(line, screen);
    if (screen.isTTY) live.changed();
    else screen.write(`${title} ...\n`);
  };
  const timer = setTimeout(begin, afterMs);
  try {
    const result = await work((what) => {
      doing = what.trim();
      live?.changed();
    });
    live?.end(`${title}: done, ${elapsed()}`);
    return result;
  } catch (error) {
    live?.end(`${title}: failed, ${elapsed()}`);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Where progress goes, and when. */
export interface Showing {
  readonly progress?: Progress | undefined;
  readonly afterMs?: number;
  readonly screen?: Screen;
}

/** Tells on stderr with the seconds since the start, one line each: a log that nobody redraws. */
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
