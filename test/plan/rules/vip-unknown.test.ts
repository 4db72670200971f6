import { expect, test } from "vitest";
import { findingsOf } from "../../support/judge.ts";

test.each([
  ["10.20.0.256", "expected: four numbers up to 255, as 10.20.0.200, or 10.20.0.200/24"],
  ["read-vpi", "did you mean `read-vip`?"],
  ["nothing", "expected: `read-vip` or `edge-vip`"],
])("%s", (vip, remedy) => {
  expect(findingsOf("vip-unknown", { pair: { vips: [vip] } })).toMatchObject([
    { place: "pairs.read.vips[0]", remedy },
  ]);
});

test("an IPv6 address is said to be one", () => {
  expect(findingsOf("vip-unknown", { pair: { vips: ["fd20::1"] } })[0]?.message).toContain(
    "looks like an IPv6 address",
  );
});

test("an address, with or without a length, or a name of one", () => {
  expect(
    findingsOf("vip-unknown", { pair: { vips: ["10.20.0.201", "10.20.0.202/24", "read-vip"] } }),
  ).toEqual([]);
});

test("two pairs can't share a VIP", () => {
  const members = ["db1", "db2"];
  const pairs = { read: { members, vips: ["10.20.0.200"] }, write: { members, vips: ["read-vip"] } };
  expect(findingsOf("vip-shared", { site: { pairs } })).toMatchObject([{ place: "pairs.write.vips[0]" }]);
});
