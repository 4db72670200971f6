import { expect, test } from "vitest";
import { findingsOf } from "../../support/judge.ts";

const servers = ["db1", { server: "db2", port: 3307 }];

test("DR and TUN leave the port as it is", () => {
  for (const forward of ["dr", "tun"] as const) {
    expect(findingsOf("dr-changes-port", { service: { servers, forward } })).toMatchObject([
      {
        place: "services.mysql.servers[1].port",
        message: `${forward} cannot change the port: db2 gets 3306, not 3307.`,
      },
    ]);
  }
});

test("NAT changes it, and the same port is no change", () => {
  expect(findingsOf("dr-changes-port", { service: { servers, forward: "nat" } })).toEqual([]);
  expect(findingsOf("dr-changes-port", { service: { servers: [{ server: "db1", port: 3306 }] } })).toEqual(
    [],
  );
});
