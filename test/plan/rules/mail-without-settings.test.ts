import { expect, test } from "vitest";
import { mails } from "../../../infra/model/notify.ts";
import { findingsOf } from "../../support/judge.ts";

test("mails to nobody", () => {
  expect(findingsOf("mail-without-settings", { pair: { notify: mails() } })).toMatchObject([
    { place: "pairs.read.notify" },
  ]);
});

test("mails to somebody, or none", () => {
  const mail = { to: ["ops@example.org"], from: "lb@example.org", server: "127.0.0.1" };
  expect(findingsOf("mail-without-settings", { pair: { notify: mails() }, site: { mail } })).toEqual([]);
  expect(findingsOf("mail-without-settings")).toEqual([]);
});
