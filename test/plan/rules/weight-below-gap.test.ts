import { expect, test } from "vitest";
import { runs } from "../../../infra/model/track.ts";
import { findingsOf } from "../../support/judge.ts";

test("a positive weight of exactly the gap moves nothing, and the message has the arithmetic", () => {
  const found = findingsOf("weight-below-gap", { pair: { track: { haproxy: runs("x.sh", { weight: 2 }) } } });
  expect(found).toEqual([
    {
      code: "weight-below-gap",
      severity: "error",
      place: "pairs.read.track.haproxy.weight",
      message:
        "weight 2 cannot move the VIP: when haproxy fails on db1, db1 keeps 100 against db2's 90 + 2 = 92.",
      remedy:
        "expected: at least 11, or a negative weight of -11 or lower, or no weight (a failure then means FAULT)",
    },
  ]);
});

test("a negative one says what is left of the priority", () => {
  const found = findingsOf("weight-below-gap", { pair: { track: { mha: runs("x.sh", { weight: -10 }) } } });
  expect(found).toMatchObject([
    {
      message:
        "weight -10 cannot move the VIP: when mha fails on db1, db1 keeps 100 - 10 = 90 against db2's 90.",
      remedy:
        "expected: -11 or lower, or a positive weight of at least 11, or no weight (a failure then means FAULT)",
    },
  ]);
});

test.each([11, -11, undefined])("weight %s is enough", (weight) => {
  const options = weight === undefined ? {} : { weight };
  expect(findingsOf("weight-below-gap", { pair: { track: { mha: runs("x.sh", options) } } })).toEqual([]);
});

test("two that can move it only together are a warning each", () => {
  const track = { a: runs("a.sh", { weight: -6 }), b: runs("b.sh", { weight: -6 }) };
  const found = findingsOf("weight-below-gap", { pair: { track } });
  expect(found.map(({ severity }) => severity)).toEqual(["warning", "warning"]);
});

test("typed priorities count", () => {
  const pair = { track: { mha: runs("x.sh", { weight: -40 }) }, priorities: { db1: 150, db2: 110 } };
  expect(findingsOf("weight-below-gap", { pair })).toHaveLength(1);
  expect(findingsOf("weight-below-gap", { pair: { ...pair, priorities: { db1: 150, db2: 120 } } })).toEqual(
    [],
  );
});
