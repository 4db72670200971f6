import { expect, test } from "vitest";
import { exitCode, table, total } from "./summary.ts";

const unit = { suite: "unit", passed: 12, failed: 0, skipped: 0, seconds: 3.21 };
const e2e = { suite: "e2e", passed: 0, failed: 0, skipped: 4, seconds: 1, note: "the lab needs root" };

test("the last line has the sums, and the skipped ones only where there are any", () => {
  expect(total([unit])).toBe("12 passed, 0 failed");
  expect(total([unit, e2e])).toBe("12 passed, 0 failed, 4 skipped");
});

test("the table has a line per suite and says why one was skipped", () => {
  expect(table([unit, e2e]).split("\n")).toEqual([
    "suite          passed   failed  skipped  seconds",
    "unit               12        0        0      3.2",
    "e2e                 0        0        4      1.0",
    "e2e was skipped: the lab needs root",
  ]);
});

test("only a run that ran something and failed nothing is a success", () => {
  expect(exitCode([unit, e2e])).toBe(0);
  expect(exitCode([unit, { ...e2e, failed: 1 }])).toBe(1);
  expect(exitCode([e2e])).toBe(1);
  expect(exitCode([])).toBe(1);
});
