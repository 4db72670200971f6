import { expect, test } from "vitest";
import { findingsOf } from "../../support/judge.ts";

test("version 2 counts in whole seconds", () => {
  expect(findingsOf("vrrp-version", { pair: { version: 2, adverts: "500ms" } })).toMatchObject([
    { place: "pairs.read.adverts" },
  ]);
  expect(findingsOf("vrrp-version", { pair: { version: 2, adverts: "2s" } })).toEqual([]);
  expect(findingsOf("vrrp-version", { pair: { adverts: "500ms" } })).toEqual([]);
});

test("version 3 has no password", () => {
  expect(findingsOf("vrrp-version", { pair: { adverts: "500ms", auth: "vrrp" } })).toMatchObject([
    { place: "pairs.read.auth" },
  ]);
  expect(findingsOf("vrrp-version", { pair: { auth: "vrrp" } })).toEqual([]);
});

test("adverts more than 40.95 s apart don't fit in version 3", () => {
  expect(findingsOf("vrrp-version", { pair: { version: 3, adverts: "41s" } })).toHaveLength(1);
  expect(findingsOf("vrrp-version", { pair: { version: 2, adverts: "41s" } })).toEqual([]);
});
