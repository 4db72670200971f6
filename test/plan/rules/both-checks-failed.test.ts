import { expect, test } from "vitest";
import { runs } from "../../../infra/model/track.ts";
import { findingsOf } from "../../support/judge.ts";

test("with a weight the preferred member keeps the VIP", () => {
  const track = { mha: runs("x.sh", { weight: -40 }) };
  expect(findingsOf("both-checks-failed", { pair: { track } })).toMatchObject([
    { severity: "note", message: "when mha fails on both, db1 keeps the VIP: 60 against 50." },
  ]);
});

test("without one nobody holds it", () => {
  const [found] = findingsOf("both-checks-failed", { pair: { track: { mha: runs("x.sh") } } });
  expect(found?.message).toBe("when mha fails on db1 and db2, nobody holds the VIP.");
});

test("a pair without checks has nothing that could fail", () => {
  expect(findingsOf("both-checks-failed")).toEqual([]);
});
