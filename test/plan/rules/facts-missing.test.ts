import { expect, test } from "vitest";
import { someFacts, someHosts } from "../../support/builders.ts";
import { findingsOf } from "../../support/judge.ts";

test("a member that was not reached, and who needs to know it", () => {
  expect(findingsOf("facts-missing", {}, {}, someHosts({ db2: undefined }))).toMatchObject([
    {
      severity: "warning",
      place: "hosts.db2",
      message:
        "db2 was not reached, and nothing is known of it: it is left as it is (nor db1, which must know it).",
    },
  ]);
});

test("an interface without a MAC can't be told from a client", () => {
  const tunnel = someFacts(12);
  for (const one of tunnel.interfaces) one.mac = "";
  const facts = someHosts({ db2: tunnel });
  expect(findingsOf("mac-unknown", {}, {}, facts)[0]?.message).toContain("packets would circle");
  expect(findingsOf("mac-unknown", { service: { servers: ["db3"] } }, {}, facts)).toEqual([]);
});

test("nothing is said of hosts that are known", () => {
  expect(findingsOf("facts-missing")).toEqual([]);
});
