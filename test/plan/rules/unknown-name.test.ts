import { expect, test } from "vitest";
import { findingsOf } from "../../support/judge.ts";

test("names of nothing, each with the nearest right one", () => {
  const found = findingsOf("unknown-name", {
    site: { hosts: ["db1", "db2", "db33"] },
    pair: { members: ["db1", "bd2"], priorities: { db9: 10 } },
    service: { on: "raed", servers: ["db1", "10.20.0.99", "db33", "d2"] },
  });
  expect(found.map(({ place, remedy }) => [place, remedy])).toEqual([
    ["hosts[2]", "did you mean `db3`?"],
    ["pairs.read.members[1]", "did you mean `db2`?"],
    ["pairs.read.priorities.db9", "did you mean `db1`?"],
    ["services.mysql.on", "did you mean `read`?"],
    ["services.mysql.servers[3]", "did you mean `db2`?"],
  ]);
});

test("an observer must be there too", () => {
  expect(findingsOf("unknown-name", {}, { observer: "client" })).toMatchObject([{ place: "observer" }]);
  expect(findingsOf("unknown-name", {}, { observer: "lb1" })).toEqual([]);
});
