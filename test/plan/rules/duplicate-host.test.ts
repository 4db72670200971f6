import { expect, test } from "vitest";
import { findingsOf } from "../../support/judge.ts";

test("a host twice, in the site and in a pair", () => {
  const found = findingsOf("duplicate-host", {
    site: { hosts: ["db1", "db2", "db3", "db1"] },
    pair: { members: ["db1", "db2", "db2"] },
  });
  expect(found.map(({ place }) => place)).toEqual(["hosts[3]", "pairs.read.members[2]"]);
});

test("two names with one address are one host; another port of it is another host", () => {
  const hosts = (port: number) => ({
    hosts: {
      db1: { address: "10.99.0.11" },
      db2: { address: "10.99.0.11", port },
      db3: { address: "10.99.0.13" },
    },
  });
  expect(findingsOf("duplicate-host", {}, hosts(22))).toMatchObject([
    { place: "hosts.db2.address", message: "db1 and db2 have the same address, 10.99.0.11 port 22." },
  ]);
  expect(findingsOf("duplicate-host", {}, hosts(2222))).toEqual([]);
});
