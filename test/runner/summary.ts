/** What stands at the end of a test run. */
import { sum } from "./count.ts";
import type { Result } from "./suites.ts";

export interface Row extends Result {
  suite: string;
  seconds: number;
}

/** A table with a line per suite. */
export function table(rows: Row[]): string {
  const line = (cells: (string | number)[]) =>
    cells.map((cell, at) => (at === 0 ? String(cell).padEnd(12) : String(cell).padStart(9))).join("");
  return [
    line(["suite", "passed", "failed", "skipped", "seconds"]),
    ...rows.map((row) => line([row.suite, row.passed, row.failed, row.skipped, row.seconds.toFixed(1)])),
    ...rows.filter((row) => row.note).map((row) => `${row.suite} was skipped: ${row.note}`),
  ].join("\n");
}

/** The last line: `12 passed, 0 failed`, and the skipped ones where there are any. */
export function total(rows: Row[]): string {
  const { passed, failed, skipped } = sum(rows);
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Success needs something that ran, and nothing that failed. */
export function exitCode(rows: Row[]): number {
  const { passed, failed } = sum(rows);
  return failed === 0 && passed > 0 ? 0 : 1;
}
