/** How many tests passed, failed and were skipped, read from what a test program has written. */

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** The parts of vitest's JSON report that are read here. */
interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

export const nothing: Count = { passed: 0, failed: 0, skipped: 0 };

export function sum(counts: Count[]): Count {
  return counts.reduce(
    (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }),
    nothing,
  );
}

/** A program that is one test by itself, as a linter is. */
export function countOne(code: number): Count {
  return { ...nothing, [code === 0 ? "passed" : "failed"]: 1 };
}

/** `report` is undefined or broken if vitest has died before writing it. */
export function countVitest(report: string | undefined, code: number): Count {
  let read: VitestReport;
  try {
    read = JSON.parse(report ?? "");
  } catch {
    return countCrash(nothing, code);
  }
  // A file that can't be loaded, or whose hook failed, has no failed test of its own, but isn't a success.
  const broken = read.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((one) => one.status === "failed"),
  );
  const count = {
    passed: read.numPassedTests,
    failed: read.numFailedTests + broken.length,
    skipped: read.numPendingTests + read.numTodoTests,
  };
  return countCrash(count, code);
}

/** Adds up the `test result:` lines that cargo prints, one per test program. */
export function countCargo(stdout: string, code: number): Count {
  const line = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm;
  const counts = [...stdout.matchAll(line)].map(([, passed, failed, skipped]) => ({
    passed: Number(passed),
    failed: Number(failed),
    skipped: Number(skipped),
  }));
  return countCrash(sum(counts), code);
}

/** A suite that ended badly without naming a failed test has failed all the same; so has one that said nothing. */
function countCrash(count: Count, code: number): Count {
  const silent = count.passed + count.failed + count.skipped === 0;
  return count.failed === 0 && (code !== 0 || silent) ? { ...count, failed: 1 } : count;
}
