import { expect, test } from "vitest";
import { findingsOf } from "../../support/judge.ts";

test("the same server by name, and by name and address", () => {
  expect(findingsOf("server-twice", { service: { servers: ["db1", "db1"] } })).toMatchObject([
    { place: "services.mysql.servers[1]", message: "db1 port 3306 is here already." },
  ]);
  expect(findingsOf("server-twice", { service: { servers: ["db1", "10.20.0.11"] } })[0]?.message).toBe(
    "10.20.0.11 port 3306 is db1 already.",
  );
});

test("two ports of one host are two servers", () => {
  const servers = ["db1", { server: "db1", port: 3307 }];
  expect(findingsOf("server-twice", { service: { servers, forward: "nat" } })).toEqual([]);
});
