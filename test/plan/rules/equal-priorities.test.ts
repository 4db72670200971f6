import { expect, test } from "vitest";
import { findingsOf } from "../../support/judge.ts";

test("two equal ones are an error, and without preemption a warning", () => {
  const priorities = { db1: 90 };
  expect(findingsOf("equal-priorities", { pair: { priorities } })).toMatchObject([
    { severity: "error", message: "db1 and db2 all have priority 90: none of them is preferred." },
  ]);
  expect(findingsOf("equal-priorities", { pair: { priorities, preempt: false } })).toMatchObject([
    { severity: "warning" },
  ]);
});

test("one apart is enough", () => {
  expect(findingsOf("equal-priorities", { pair: { priorities: { db1: 91 } } })).toEqual([]);
});
