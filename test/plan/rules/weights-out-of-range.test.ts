import { expect, test } from "vitest";
import { runs } from "../../../infra/model/track.ts";
import { findingsOf } from "../../support/judge.ts";

test("a priority that would pass 254 or fall below 1", () => {
  const up = { pair: { track: { mha: runs("x.sh", { weight: 5 }) }, priorities: { db1: 250 } } };
  expect(findingsOf("weights-out-of-range", up)[0]?.message).toContain("250 + 5 = 255");
  const down = { pair: { track: { mha: runs("x.sh", { weight: -90 }) } } };
  expect(findingsOf("weights-out-of-range", down)[0]?.message).toContain("90 - 90 = 0");
});

test("up to the ends it is right", () => {
  const up = { pair: { track: { mha: runs("x.sh", { weight: 4 }) }, priorities: { db1: 250, db2: 249 } } };
  expect(findingsOf("weights-out-of-range", up)).toEqual([]);
  const down = { pair: { track: { mha: runs("x.sh", { weight: -89 }) } } };
  expect(findingsOf("weights-out-of-range", down)).toEqual([]);
});
