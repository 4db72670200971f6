/** Which suites run, and that each does, whatever became of the ones before. */
import { countOne } from "./count.ts";
import type { Suite } from "./suites.ts";
import type { Row } from "./summary.ts";

export interface Choice {
  suites: string[];
  /** Parts of test files' paths. */
  filters: string[];
}

/** Words that name a suite choose it; the others filter test files. Without a name: all suites that take the filters. */
export function choose(words: string[], all: string[], filtered: string[]): Choice {
  const filters = words.filter((word) => !all.includes(word));
  const named = all.filter((name) => words.includes(name));
  if (named.length > 0) return { suites: named, filters };
  return { suites: filters.length > 0 ? filtered : all, filters };
}

export async function runSuites(
  choice: Choice,
  suites: Record<string, Suite>,
  say: (text: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const suite of choice.suites) {
    say(`\n== ${suite}`);
    const start = performance.now();
    const result = await suites[suite]?.(choice.filters).catch((error: unknown) => {
      say(error instanceof Error ? (error.stack ?? error.message) : String(error));
      return countOne(1);
    });
    rows.push({ suite, ...(result ?? countOne(1)), seconds: (performance.now() - start) / 1000 });
  }
  return rows;
}
