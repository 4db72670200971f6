import { expect, test } from "vitest";
import { runs } from "../../../infra/model/track.ts";
import { findingsOf } from "../../support/judge.ts";

const weighted = { web: runs("/opt/check", { weight: -40 }) };
const outside = { members: ["db1", "db2"], vips: ["10.20.0.200"] };
const inside = { members: ["db1", "db2"], vips: ["10.99.0.200"] };
const site = (
  changed: Partial<typeof inside> & { track?: typeof weighted },
  groups = { edge: ["outside", "inside"] },
) => ({
  site: { services: {}, groups, pairs: { outside, inside: { ...inside, ...changed } } },
});

test("ranks that differ, and weighted checks of one pair only", () => {
  expect(findingsOf("group-uneven", site({ members: ["db2", "db1"] }))).toMatchObject([
    {
      place: "groups.edge",
      message:
        "outside and inside move together, and their ranks differ: db1 100, db2 90 against db2 100, db1 90.",
    },
  ]);
  expect(findingsOf("group-uneven", site({ track: weighted }))[0]?.message).toContain("none against web -40");
});

test("a pair in two groups", () => {
  const groups = { edge: ["outside", "inside"], other: ["inside", "outside"] };
  expect(findingsOf("group-uneven", site({}, groups))).toHaveLength(2);
});

test("equal ones, and checks that mean FAULT, are right", () => {
  expect(findingsOf("group-uneven", site({}))).toEqual([]);
  expect(findingsOf("group-uneven", site({ track: { web: runs("/opt/check") } as never }))).toEqual([]);
});
