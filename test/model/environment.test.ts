import { expect, test } from "vitest";
import { readEnvironment } from "../../infra/model/environment.ts";

test("a host needs an address alone; SSH's usual values stand in for the rest", () => {
  const { environment } = readEnvironment({ hosts: { db1: { address: "10.99.0.11" } } });
  expect(environment?.hosts.db1).toEqual({ address: "10.99.0.11", port: 22, user: "root", knownHosts: [] });
  expect(environment?.reserved).toEqual({ vrids: [], marks: [] });
});

test("mistakes of the stack are found with their place", () => {
  const { findings } = readEnvironment({
    hosts: { db1: { addres: "10.99.0.11" }, db2: { address: "10.99.0.12", mac: "02:00:00:00:00:0B" } },
  });
  expect(findings.map(({ place, remedy }) => [place, remedy])).toEqual([
    ["hosts.db1.address", "expected: text"],
    ["hosts.db1.addres", "did you mean `address`?"],
    ["hosts.db2.mac", "expected: lower case, as 02:00:00:00:00:0b"],
  ]);
});
