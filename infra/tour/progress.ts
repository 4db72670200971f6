/** What a person sees while a step runs: a line that lives on a terminal, and a plain line now and then elsewhere. */
import { formatSeconds, liveLine, type Screen } from "../machine/progress.ts";

export interface Progress {
  /** Says what is being done now; shown with the elapsed time. */
  doing(what: string): void;
  /** Ends the line with a mark: what was measured, or why it failed. */
  end(ok: boolean, detail: string): void;
}

const nameWidth = 22;
/** A line such as `✔ lab                   db1 db2 db3 client          11 s`. */
export const stepLine = (ok: boolean, name: string, detail: string, seconds: number): string =>
  `${ok ? "✔" : "✘"} ${name.padEnd(nameWidth)}${detail.padEnd(64)} ${formatSeconds(seconds)}`;

/** Starts the line of a step. */
export function startProgress(name: string, screen: Screen, now: () => number = Date.now): Progress {
  const started = now();
  let what = "";
  const line = (seconds: number) => `… ${name.padEnd(nameWidth)}${what}  ${formatSeconds(seconds)}`;
  const live = liveLine(line, screen, now);
  return {
    doing(next) {
      what = next;
      live.changed();
    },
    end: (ok, detail) => live.end(stepLine(ok, name, detail, (now() - started) / 1000)),
  };
}
