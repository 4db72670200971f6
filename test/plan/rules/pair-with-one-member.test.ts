import { expect, test } from "vitest";
import { findingsOf } from "../../support/judge.ts";

test("one member, or the same twice", () => {
  expect(findingsOf("pair-with-one-member", { pair: { members: ["db1"] } })).toMatchObject([
    {
      place: "pairs.read.members",
      message: "a pair with one member, `db1`: when it fails, nobody takes over.",
    },
  ]);
  expect(findingsOf("pair-with-one-member", { pair: { members: ["db1", "db1"] } })).toHaveLength(1);
  expect(findingsOf("pair-with-one-member", { pair: { members: [] } })).toHaveLength(1);
});

test("two are a pair", () => {
  expect(findingsOf("pair-with-one-member")).toEqual([]);
});
