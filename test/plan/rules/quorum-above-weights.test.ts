import { expect, test } from "vitest";
import { findingsOf } from "../../support/judge.ts";

test("one more than all servers weigh", () => {
  expect(findingsOf("quorum-above-weights", { service: { quorum: 7, weight: 2 } })).toMatchObject([
    { message: "quorum 7 is never reached: all servers together weigh 6." },
  ]);
});

test("exactly what they weigh", () => {
  expect(findingsOf("quorum-above-weights", { service: { quorum: 6, weight: 2 } })).toEqual([]);
});
