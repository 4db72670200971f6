import { expect, test } from "vitest";
import { someFacts, someHosts } from "../../support/builders.ts";
import { findingsOf } from "../../support/judge.ts";

const elsewhere = someFacts(13);
elsewhere.interfaces = elsewhere.interfaces.filter(({ name }) => name !== "eth0");
const facts = someHosts({ db3: elsewhere });

test("DR can't reach a server on another segment", () => {
  expect(findingsOf("server-outside-segment", {}, {}, facts)).toMatchObject([
    {
      place: "services.mysql.servers[2]",
      message: "db3 has no address in 10.20.0.0/24, and dr reaches servers on that segment only.",
    },
  ]);
});

test("the others can", () => {
  expect(findingsOf("server-outside-segment", { service: { forward: "nat" } }, {}, facts)).toEqual([]);
  expect(findingsOf("server-outside-segment")).toEqual([]);
});
