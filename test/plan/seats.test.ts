import { expect, test } from "vitest";
import { seatOf } from "../../infra/plan/seats.ts";
import { anEnvironment, macOf, someFacts } from "../support/builders.ts";

const vips = [{ address: "10.20.0.200", prefix: 32 }];
const host = anEnvironment().hosts.db1!;

function withEth0(...addresses: string[]) {
  const facts = someFacts(11);
  return {
    ...facts,
    interfaces: facts.interfaces.map((one) => (one.name === "eth0" ? { ...one, addresses } : one)),
  };
}

test("the interface whose network holds the VIP", () => {
  expect(seatOf({ vips }, host, someFacts(11))).toEqual({
    seat: { interface: "eth0", address: "10.20.0.11", mac: macOf(11), segment: "10.20.0.0/24" },
  });
});

test("a VIP that the host holds just now is not its own address", () => {
  const held = withEth0("10.20.0.200/24", "10.20.0.200/32", "10.20.0.11/24");
  expect(seatOf({ vips }, host, held)).toMatchObject({ seat: { address: "10.20.0.11" } });
});

test("an address that is nothing but the VIP is the host's own", () => {
  expect(seatOf({ vips }, host, withEth0("10.20.0.200/24"))).toEqual({ unknown: "vip-is-own" });
});

test("the interface that the pair names, wherever the VIP lies", () => {
  const wanted = { vips: [{ address: "192.0.2.1", prefix: 32 }], interface: "eth0" };
  expect(seatOf(wanted, host, someFacts(11))).toMatchObject({
    seat: { interface: "eth0", segment: "10.20.0.0/24" },
  });
  expect(seatOf({ ...wanted, interface: "eth7" }, host, someFacts(11))).toEqual({ unknown: "no-interface" });
});

test("without facts there is a seat only where the stack says all of it", () => {
  expect(seatOf({ vips }, host, undefined)).toEqual({ unknown: "facts" });
  const typed = { ...host, interface: "ens3", serviceAddress: "10.20.0.11", mac: macOf(11) };
  expect(seatOf({ vips }, typed, undefined)).toMatchObject({ seat: { interface: "ens3", mac: macOf(11) } });
});

test("a server sits on the members' network, wherever the VIP lies", () => {
  const far = { vips: [{ address: "192.0.2.1", prefix: 32 }] };
  expect(seatOf(far, host, someFacts(11))).toEqual({ unknown: "not-in-subnet" });
  const near = { address: "10.20.0.0", prefix: 24 };
  expect(seatOf({ ...far, near }, host, someFacts(11))).toMatchObject({ seat: { address: "10.20.0.11" } });
});

test("nor is the VIP of another pair that the host holds just now", () => {
  const otherVips = [{ address: "10.20.0.100", prefix: 24 }];
  const held = withEth0("10.20.0.99/32", "10.20.0.100/24", "10.20.0.11/24");
  for (const device of [undefined, "eth0"]) {
    const found = seatOf({ vips, otherVips, interface: device }, host, held);
    expect(found).toMatchObject({ seat: { address: "10.20.0.11" } });
  }
});
