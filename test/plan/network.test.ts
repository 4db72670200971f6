import { expect, test } from "vitest";
import { contains, isAddress, networkOf, parseCidr } from "../../infra/plan/network.ts";

test.each([
  ["10.20.0.200", { address: "10.20.0.200", prefix: 32 }],
  ["10.20.0.200/24", { address: "10.20.0.200", prefix: 24 }],
  ["10.20.0.256", undefined],
  ["10.20.0", undefined],
  ["10.20.0.1/33", undefined],
  ["fe80::1", undefined],
  ["010.20.0.1", undefined],
])("%s", (text, cidr) => expect(parseCidr(text)).toEqual(cidr));

test.each([
  ["10.20.0.11/24", "10.20.0.0/24"],
  ["10.20.0.11/32", "10.20.0.11/32"],
  ["192.168.255.200/25", "192.168.255.128/25"],
  ["200.1.2.3/0", "0.0.0.0/0"],
])("%s lies in %s", (text, network) => expect(networkOf(parseCidr(text)!)).toBe(network));

test("a network contains its addresses and no others", () => {
  const network = parseCidr("192.168.4.0/22")!;
  expect(contains(network, "192.168.7.255")).toBe(true);
  expect(contains(network, "192.168.8.0")).toBe(false);
  expect(isAddress("1.2.3.4.5")).toBe(false);
});
