import { expect, test } from "vitest";
import { runs } from "../../../infra/model/track.ts";
import { findingsOf } from "../../support/judge.ts";

const track = { mysql: runs("x.sh", { weight: -20 }) };

test("the member that took over keeps the VIP with a failed check", () => {
  expect(findingsOf("nopreempt-dead-end", { pair: { track, preempt: false } })).toMatchObject([
    {
      place: "pairs.read.track.mysql.weight",
      message:
        "after a takeover, db2 keeps the VIP with a failed mysql: it goes on at 90 - 20 = 70, and db1 at 100 does not preempt.",
    },
  ]);
});

test("there is no dead end with preemption, nor where a failure is a FAULT", () => {
  expect(findingsOf("nopreempt-dead-end", { pair: { track } })).toEqual([]);
  expect(
    findingsOf("nopreempt-dead-end", { pair: { track: { mysql: runs("x.sh") }, preempt: false } }),
  ).toEqual([]);
});
