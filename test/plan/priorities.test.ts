import fc from "fast-check";
import { expect, test } from "vitest";
import { assignPriorities } from "../../infra/plan/priorities.ts";

test("100, 90, ... in the members' order; typed ones win", () => {
  expect([...assignPriorities(["a", "b", "c"], { b: 95 }).values()]).toEqual([100, 95, 80]);
});

test("always falling and within 1 to 254, however many members", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 120 }), (count) => {
      const members = Array.from({ length: count }, (_, index) => `h${index}`);
      const values = [...assignPriorities(members, {}).values()];
      expect(values.every((value) => value >= 1 && value <= 254)).toBe(true);
      expect(values.every((value, index) => index === 0 || value < values[index - 1]!)).toBe(true);
    }),
  );
});
