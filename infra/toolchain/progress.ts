/** Tells on stderr that something long goes on, and how long it has: in place on a terminal, else a line now and then. */

export interface Progress {
  /** What is being done right now; shown behind the elapsed time. */
  say(detail: string): void;
}

const everyMs = 15_000;

/** Runs `work` under a title; ends with its duration, or with the word "failed". */
export async function withProgress<T>(title: string, work: (progress: Progress) => Promise<T>): Promise<T> {
  const out = process.stderr;
  const start = performance.now();
  let detail = "";
  const elapsed = () => `${Math.round((performance.now() - start) / 1000)} s`;
  const line = () => `${title} ... ${elapsed()}${detail && `  ${detail}`}`;
  const show = out.isTTY
    ? () => out.write(`\r\x1b[K${line().slice(0, Math.max(20, out.columns - 1))}`)
    : () => out.write(`${line()}\n`);
  out.write(out.isTTY ? `${title} ...` : `${title} ...\n`);
  const timer = setInterval(show, out.isTTY ? 1000 : everyMs);
  const end = (word: string) => out.write(`${out.isTTY ? "\r\x1b[K" : ""}${title}: ${word}, ${elapsed()}\n`);
  try {
    const result = await work({
      say: (text) => {
        detail = text.trim();
      },
    });
    end("done");
    return result;
  } catch (error) {
    end("failed");
    throw error;
  } finally {
    clearInterval(timer);
  }
}
