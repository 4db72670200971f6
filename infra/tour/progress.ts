/** What a person sees while a step runs: a line that lives on a terminal, and a plain line now and then elsewhere. */

export interface Progress {
  /** Says what is being done now; shown with the elapsed time. */
  doing(what: string): void;
  /** Ends the line with a mark: what was measured, or why it failed. */
  end(ok: boolean, detail: string): void;
}

/** Where the lines go; a terminal is redrawn, anything else is appended to. */
export interface Screen {
  write(text: string): void;
  isTTY: boolean;
  columns: number;
}

const nameWidth = 22;
/** Between two plain lines of one step, milliseconds. */
const plainEveryMs = 10_000;

export const stderrScreen = (): Screen => ({
  write: (text) => void process.stderr.write(text),
  isTTY: process.stderr.isTTY === true,
  columns: process.stderr.columns ?? 100,
});

/** A line such as `✔ lab                   db1 db2 db3 client          11 s`. */
export const stepLine = (ok: boolean, name: string, detail: string, seconds: number): string =>
  `${ok ? "✔" : "✘"} ${name.padEnd(nameWidth)}${detail.padEnd(64)} ${formatSeconds(seconds)}`;

export const formatSeconds = (seconds: number): string =>
  seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;

/** Starts the line of a step. */
export function startProgress(name: string, screen: Screen, now: () => number = Date.now): Progress {
  const started = now();
  let what = "";
  let said = started;
  const elapsed = () => (now() - started) / 1000;
  const draw = () => {
    if (screen.isTTY) {
      const line = `… ${name.padEnd(nameWidth)}${what}  ${formatSeconds(elapsed())}`;
      screen.write(`\r\x1b[2K${line.slice(0, screen.columns - 1)}`);
    } else if (now() - said >= plainEveryMs) {
      said = now();
      screen.write(`… ${name.padEnd(nameWidth)}${what}  ${formatSeconds(elapsed())}\n`);
    }
  };
  const timer = setInterval(draw, 250);
  timer.unref();
  return {
    doing(next) {
      what = next;
      draw();
    },
    end(ok, detail) {
      clearInterval(timer);
      screen.write(`${screen.isTTY ? "\r\x1b[2K" : ""}${stepLine(ok, name, detail, elapsed())}\n`);
    },
  };
}
