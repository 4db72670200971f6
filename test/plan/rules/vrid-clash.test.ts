import { expect, test } from "vitest";
import { findingsOf } from "../../support/judge.ts";

const members = ["db1", "db2"];
const pairs = (one: number, other: number) => ({
  site: {
    pairs: {
      read: { members, vips: ["10.20.0.200"], vrid: one },
      write: { members, vips: ["10.20.0.201"], vrid: other },
    },
  },
});

test("one number twice on a segment", () => {
  expect(findingsOf("vrid-clash", pairs(77, 77))).toMatchObject([
    {
      place: "pairs.write.vrid",
      message: "VRID 77 is that of read already, on the same segment 10.20.0.0/24.",
    },
  ]);
  expect(findingsOf("vrid-clash", pairs(77, 78))).toEqual([]);
});

test("the same number on another segment is another router", () => {
  const site = {
    pairs: {
      read: { members, vips: ["10.20.0.200"], vrid: 77 },
      back: { members, vips: ["10.99.0.200"], vrid: 77 },
    },
  };
  expect(findingsOf("vrid-clash", { site })).toEqual([]);
});

test("a number that somebody else has", () => {
  const reserved = { reserved: { vrids: [77] } };
  expect(findingsOf("vrid-clash", { pair: { vrid: 77 } }, reserved)).toHaveLength(1);
  expect(findingsOf("vrid-clash", { pair: { vrid: 78 } }, reserved)).toEqual([]);
});
