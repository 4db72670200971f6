import { expect, test } from "vitest";
import { findingsOf } from "../../support/judge.ts";

test("the address that a host is reached by", () => {
  expect(findingsOf("vip-is-host-address", { pair: { vips: ["10.99.0.13"] } })).toMatchObject([
    {
      message:
        "10.99.0.13 is db3's own address: a VIP moves between hosts, and leaves none without an address.",
    },
  ]);
});

test("the only address that a host has in the network", () => {
  const [found] = findingsOf("vip-is-host-address", { pair: { vips: ["10.20.0.11"] } });
  expect(found?.message).toContain("10.20.0.11 is db1's own address");
});

test("a free one is nobody's", () => {
  expect(findingsOf("vip-is-host-address", { pair: { vips: ["10.20.0.14"] } })).toEqual([]);
});
