import { expect, test } from "vitest";
import { someFacts, someHosts } from "../../support/builders.ts";
import { findingsOf } from "../../support/judge.ts";

test("two members that never hear each other", () => {
  const pair = { vips: ["10.20.0.200", "10.99.0.200"] };
  const alone = someFacts(12);
  alone.interfaces = alone.interfaces.filter(({ name }) => name !== "eth0");
  const found = findingsOf("members-apart", { pair }, {}, someHosts({ db2: alone }));
  expect(found[0]?.message).toBe(
    "the members are on different segments: db1 10.20.0.0/24 (eth0), db2 10.99.0.0/24 (mgmt).",
  );
});

test("different names of the interface don't matter", () => {
  const renamed = someFacts(12);
  for (const one of renamed.interfaces) if (one.name === "eth0") one.name = "ens3";
  expect(findingsOf("members-apart", {}, {}, someHosts({ db2: renamed }))).toEqual([]);
});
