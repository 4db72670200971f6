import { expect, test } from "vitest";
import { findingsOf } from "../../support/judge.ts";

test("a VIP in no network of a member, and what the member has", () => {
  const found = findingsOf("vip-outside-subnet", { pair: { vips: ["10.20.1.200"] } });
  expect(found.map(({ severity }) => severity)).toEqual(["error", "error"]);
  expect(found[0]?.message).toBe(
    "10.20.1.200 lies in no network of db1, which has 10.20.0.0/24 (eth0), 10.99.0.0/24 (mgmt).",
  );
});

test("on an interface that was named it is possible, with a route on the link", () => {
  const found = findingsOf("vip-outside-subnet", { pair: { vips: ["10.20.1.200"], interface: "eth0" } });
  expect(found).toMatchObject([{ severity: "note" }]);
  expect(found[0]?.remedy).toContain("a route 10.20.1.200/32 that is on the link");
});

test("the last address of the network is inside", () => {
  expect(findingsOf("vip-outside-subnet", { pair: { vips: ["10.20.0.254"] } })).toEqual([]);
});

test("an interface that is not there is told with those that are", () => {
  const found = findingsOf("vip-outside-subnet", { pair: { interface: "eth1" } });
  expect(found[0]).toMatchObject({
    place: "pairs.read.interface",
    remedy: "expected: one of eth0, mgmt",
  });
});
