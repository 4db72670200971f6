import { expect, test } from "vitest";
import { findingsOf } from "../../support/judge.ts";

test("forwarding switched off under NAT", () => {
  const site = { sysctls: { "net.ipv4.ip_forward": "0" } };
  expect(findingsOf("nat-without-forwarding", { site, service: { forward: "nat" } })).toMatchObject([
    { severity: "error", place: "sysctls.net.ipv4.ip_forward" },
  ]);
  expect(findingsOf("nat-without-forwarding", { site })).toEqual([]);
  expect(findingsOf("nat-without-forwarding", { service: { forward: "nat" } })).toEqual([]);
});

test("the way back is worth a note", () => {
  expect(findingsOf("nat-return-path", { service: { forward: "nat" } })).toMatchObject([
    { severity: "note" },
  ]);
  expect(findingsOf("nat-return-path")).toEqual([]);
});
