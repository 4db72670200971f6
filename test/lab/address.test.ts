import { describe, expect, it } from "vitest";
import {
  address,
  address6,
  asHost,
  devicesFile,
  hostNames,
  hostsFile,
  mac,
  networkNames,
  tap,
} from "../../infra/lab/address.ts";

describe("the lab's numbers", () => {
  it("follow from the host's number in every network", () => {
    expect(address("db1", "front")).toBe("10.20.0.15");
    expect(address("db3", "mgmt")).toBe("10.99.0.17");
    expect(address6("lb2", "back")).toBe("fd30::12");
    expect(mac("lb1", "front")).toBe("02:00:00:00:00:0b");
    expect(mac("db2", "mgmt")).toBe("02:00:00:02:00:10");
  });

  it("are different for every host and network", () => {
    const all = hostNames.flatMap((host) => networkNames.map((network) => ({ host, network })));
    for (const number of [address, address6, mac, tap]) {
      const values = all.map(({ host, network }) => number(host, network));
      expect(new Set(values).size).toBe(all.length);
    }
  });

  it("give device names that the kernel takes", () => {
    const names = hostNames.flatMap((host) => networkNames.map((network) => tap(host, network)));
    expect(names.filter((name) => name.length > 15)).toEqual([]);
  });

  it("name the hosts that there are when a word is none", () => {
    expect(asHost("lb1")).toBe("lb1");
    expect(() => asHost("db4")).toThrow('no host "db4" in the lab; it has client, lb1,');
  });

  it("are what a host reads at boot", () => {
    expect(devicesFile("client")).toBe(
      "eth0=10.20.0.10/24,fd20::10/64\neth1=10.30.0.10/24,fd30::10/64\nmgmt=10.99.0.10/24,fd99::10/64\n",
    );
    expect(hostsFile().split("\n")).toContain("10.20.0.16 db2");
  });
});
