import { expect, test } from "vitest";
import { connects } from "../../../infra/model/check.ts";
import { findingsOf } from "../../support/judge.ts";

test("a bare connect to 3306", () => {
  expect(findingsOf("tcp-check-on-mysql", { service: { check: connects({ every: "3s" }) } })).toMatchObject([
    {
      severity: "warning",
      place: "services.mysql.check",
      message: expect.stringContaining("here after 300 s"),
    },
  ]);
});

test("a login, or another port", () => {
  expect(findingsOf("tcp-check-on-mysql")).toEqual([]);
  expect(findingsOf("tcp-check-on-mysql", { service: { port: 3307, check: connects() } })).toEqual([]);
});
