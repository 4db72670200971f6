import { expect, test } from "vitest";
import { isDeployable } from "../../infra/model/finding.ts";
import { plan } from "../../infra/plan/plan.ts";
import haproxyPair from "../../infra/sites/haproxy-pair.ts";
import mysqlReadVip from "../../infra/sites/mysql-read-vip.ts";
import { anEnvironment, aSite, aSiteInput, macOf, someFacts, someHosts } from "../support/builders.ts";

const s5 = plan(aSite(mysqlReadVip), anEnvironment(), someHosts());
const { db1, db2, db3 } = s5.hosts;

test("two directors that serve, and one that serves only", () => {
  expect(db1?.roles).toEqual({ member: true, director: true, realServer: true });
  expect(db3?.roles).toEqual({ member: false, director: false, realServer: true });
  expect(db3?.engine).toBeUndefined();
  expect(Object.keys(db3?.units ?? {})).toEqual(["understudy-network.service"]);
  expect(Object.keys(db1?.units ?? {})).toEqual(["understudy.service", "understudy-network.service"]);
});

test("each director leaves unmarked what comes from the other's MAC", () => {
  const rule = { interface: "eth0", address: "10.20.0.200", protocol: "tcp", port: 3306, mark: 1 };
  expect(db1?.marks).toEqual({ mysql: { ...rule, exceptMacs: [macOf(12)] } });
  expect(db2?.marks).toEqual({ mysql: { ...rule, exceptMacs: [macOf(11)] } });
  expect(db3?.marks).toEqual({});
});

test("a new network card changes the other director's rule only", () => {
  const renewed = plan(
    aSite(mysqlReadVip),
    anEnvironment(),
    someHosts({ db2: { ...someFacts(12), ...withMac(99) } }),
  );
  expect(renewed.hosts.db1?.marks.mysql?.exceptMacs).toEqual([macOf(99)]);
  expect(renewed.hosts.db2?.marks).toEqual(db2?.marks);
});

function withMac(n: number) {
  const { interfaces } = someFacts(12);
  return {
    interfaces: interfaces.map((one) =>
      one.name === "eth0" ? { ...one, mac: macOf(n).toUpperCase() } : one,
    ),
  };
}

test("every real server carries the VIP on lo, and answers no ARP for it", () => {
  for (const host of [db1, db2, db3]) {
    expect(host?.addresses).toEqual({ lo: ["10.20.0.200/32"] });
    expect(host?.sysctls).toMatchObject({
      "net.ipv4.conf.all.arp_ignore": "1",
      "net.ipv4.conf.all.arp_announce": "2",
      "net.ipv4.conf.lo.arp_ignore": "1",
      "net.ipv4.conf.lo.arp_announce": "2",
    });
  }
  expect(db1?.sysctls["net.ipv4.conf.eth0.send_redirects"]).toBe("0");
  expect(db3?.sysctls["net.ipv4.conf.eth0.send_redirects"]).toBeUndefined();
});

test("the firewall lets in VRRP from the peer, the service, and the directors' checks", () => {
  expect(db1?.accepts).toEqual({
    "vrrp-read": { protocol: "vrrp", sources: ["10.20.0.12"], destination: "10.20.0.11", port: 0 },
    mysql: { protocol: "tcp", sources: [], destination: "10.20.0.200", port: 3306 },
    "mysql-check": { protocol: "tcp", sources: ["10.20.0.12"], destination: "10.20.0.11", port: 3306 },
  });
  expect(db3?.accepts["mysql-check"]?.sources).toEqual(["10.20.0.11", "10.20.0.12"]);
  expect(db3?.accepts["vrrp-read"]).toBeUndefined();
});

test("multicast adverts go to the group's address", () => {
  const site = aSite(aSiteInput({ pair: { transport: "multicast" } }));
  const { hosts } = plan(site, anEnvironment(), someHosts());
  expect(hosts.db1?.accepts["vrrp-read"]?.destination).toBe("224.0.0.18");
  expect(hosts.db1?.engine?.instances[0]?.peers).toEqual([]);
});

test("behind a firewall that keeps state the service is not tracked", () => {
  const firewall = { dropsInput: true, stateful: true, tool: "nftables" as const };
  const { hosts } = plan(
    aSite(mysqlReadVip),
    anEnvironment(),
    someHosts({ db2: someFacts(12, { firewall }) }),
  );
  expect(hosts.db2).toMatchObject({ openFirewall: "nftables", untracked: { mysql: { port: 3306 } } });
  expect(hosts.db1).toMatchObject({ openFirewall: "none", untracked: {} });
});

test("NAT forwards, and needs neither marks nor the VIP on lo", () => {
  const { hosts } = plan(aSite(aSiteInput({ service: { forward: "nat" } })), anEnvironment(), someHosts());
  expect(hosts.db1?.sysctls["net.ipv4.ip_forward"]).toBe("1");
  expect(hosts.db1?.marks).toEqual({});
  expect(hosts.db1?.addresses).toEqual({});
  expect(hosts.db1?.sysctls["net.ipv4.conf.all.arp_ignore"]).toBeUndefined();
  expect(hosts.db1?.engine?.virtualServers[0]).toMatchObject({
    match: { address: "10.20.0.200", port: 3306, protocol: "TCP" },
    servers: [{ port: 3306 }, { port: 3306 }, { port: 3306 }],
  });
});

test("directors that only balance match by address", () => {
  const { hosts } = plan(aSite(aSiteInput({ service: { servers: ["db3"] } })), anEnvironment(), someHosts());
  expect(hosts.db1?.marks).toEqual({});
  expect(hosts.db1?.addresses).toEqual({});
  expect(hosts.db3?.addresses).toEqual({ lo: ["10.20.0.200/32"] });
  expect(Object.keys(hosts.db1?.accepts ?? {})).toEqual(["vrrp-read", "mysql"]);
});

test("a tunnel ends in tunl0", () => {
  const { hosts } = plan(
    aSite(aSiteInput({ service: { forward: "tun", servers: ["db3"] } })),
    anEnvironment(),
    someHosts(),
  );
  expect(hosts.db3).toMatchObject({ addresses: { tunl0: ["10.20.0.200/32"] }, modules: ["ipip"] });
});

test("typed values win over derived ones", () => {
  const site = aSite(
    aSiteInput({
      site: { sysctls: { "net.ipv4.conf.all.arp_ignore": "2" } },
      pair: { vrid: 200, priorities: { db1: 150, db2: 120 } },
      service: { mark: 2 },
    }),
  );
  const { hosts, derived } = plan(site, anEnvironment(), someHosts());
  expect(hosts.db1?.engine?.instances[0]).toMatchObject({ vrid: 200, priority: 150 });
  expect(hosts.db1?.marks.mysql?.mark).toBe(2);
  expect(hosts.db1?.sysctls["net.ipv4.conf.all.arp_ignore"]).toBe("2");
  expect(derived.map(({ what }) => what).join()).not.toMatch(/VRID|mark/);
});

test("what was derived is told with its reason", () => {
  expect(s5.derived).toContainEqual({ what: "read: VRID 51", why: "lowest free on segment 10.20.0.0/24" });
  expect(s5.derived.map(({ what }) => what)).toContain("mysql: firewall mark 1");
});

test("the pair: who holds, who is rolled out first, what proves it", () => {
  expect(s5.pairs.read).toEqual({
    instance: "read",
    vips: ["10.20.0.200/32"],
    holder: "db1",
    ready: ["db1", "db2"],
    members: [
      { name: "db1", interface: "eth0", mac: macOf(11) },
      { name: "db2", interface: "eth0", mac: macOf(12) },
    ],
    proofs: [{ address: "10.20.0.200", port: 3306, ask: [], expect: [] }],
    rollout: ["db2", "db1"],
    needs: ["db1", "db2", "db3"],
  });
});

test("an observer that can ask must see all servers that have a weight", () => {
  const observer = { address: "10.99.0.10", ask: { mysql: ["ask-mysql"] } };
  const servers = ["db1", { server: "db2", weight: 0 }, "db3"];
  const { pairs } = plan(
    aSite(aSiteInput({ service: { servers } })),
    anEnvironment({ observer }),
    someHosts(),
  );
  expect(pairs.read?.proofs).toMatchObject([{ ask: ["ask-mysql"], expect: ["db1", "db3"] }]);
});

test("with one director unknown both directors wait, and the server does not", () => {
  const { hosts, findings } = plan(aSite(mysqlReadVip), anEnvironment(), someHosts({ db2: undefined }));
  expect(hosts.db1?.incomplete).toEqual(["where db2 sits on the segment of read is not known"]);
  expect(hosts.db2?.incomplete).toEqual(["where db2 sits on the segment of read is not known"]);
  expect(hosts.db3?.incomplete).toEqual([]);
  expect(isDeployable(findings)).toBe(true);
});

test("with a server unknown the directors wait, for its address", () => {
  const { hosts } = plan(aSite(mysqlReadVip), anEnvironment(), someHosts({ db3: undefined }));
  expect(hosts.db3?.incomplete).toHaveLength(1);
  expect(hosts.db1?.incomplete).toEqual(["where db3 sits on the segment of read is not known"]);
});

test("nothing known of any host is no crash", () => {
  const result = plan(aSite(mysqlReadVip), anEnvironment(), {});
  expect(Object.values(result.hosts).every(({ incomplete }) => incomplete.length > 0)).toBe(true);
  const bare = plan(aSite(haproxyPair), anEnvironment({ hosts: {} }), {});
  expect(bare.findings.map(({ code }) => code)).toContain("unknown-name");
});

test("no host of the two sites is incomplete, and nothing stands in the way", () => {
  for (const input of [mysqlReadVip, haproxyPair]) {
    const { hosts, findings } = plan(aSite(input), anEnvironment(), someHosts());
    expect(Object.values(hosts).flatMap(({ incomplete }) => incomplete)).toEqual([]);
    expect(isDeployable(findings)).toBe(true);
  }
});

test("HAProxy's pair: the standby binds the VIP, its port is open, the password is a secret", () => {
  const { hosts } = plan(aSite(haproxyPair), anEnvironment(), someHosts());
  expect(hosts.lb1?.sysctls).toEqual({ "net.ipv4.ip_nonlocal_bind": "1" });
  expect(hosts.lb1?.accepts["edge-80"]).toMatchObject({ destination: "10.20.0.100", port: 80 });
  expect(hosts.lb1?.secrets).toEqual({ "edge-vrrp": "vrrp-password" });
  expect(hosts.lb1?.engine?.instances[0]).toMatchObject({
    vrid: 111,
    mail: true,
    scripts: ["switch", "haproxy"],
  });
});

test("two pairs with a check of one name keep them apart", () => {
  const pair = {
    members: ["db1", "db2"],
    track: { up: { kind: "script" as const, script: "/usr/bin/true" } },
  };
  const pairs = { read: { ...pair, vips: ["10.20.0.200"] }, write: { ...pair, vips: ["10.20.0.201"] } };
  const { hosts } = plan(aSite({ name: "two", hosts: ["db1", "db2"], pairs }), anEnvironment(), someHosts());
  expect(hosts.db1?.engine?.scripts.map(({ name }) => name)).toEqual(["read-up", "write-up"]);
  expect(hosts.db1?.engine?.instances.map(({ vrid }) => vrid)).toEqual([51, 52]);
});

test("a VIP outside of the members' network, on an interface that is named", () => {
  const site = aSite(aSiteInput({ pair: { vips: ["192.0.2.1"], interface: "eth0" } }));
  const { hosts, findings } = plan(site, anEnvironment(), someHosts());
  expect(isDeployable(findings)).toBe(true);
  expect(hosts.db1?.engine?.virtualServers[0]?.servers.map(({ address }) => address)).toEqual([
    "10.20.0.11",
    "10.20.0.12",
    "10.20.0.13",
  ]);
});

test("an interface on a VLAN keeps its dot in the kernel's key", () => {
  const { interfaces } = someFacts(11);
  const onVlan = interfaces.map((one) => (one.name === "eth0" ? { ...one, name: "eth0.7" } : one));
  const facts = someHosts({ db1: someFacts(11, { interfaces: onVlan }) });
  const { hosts } = plan(aSite(aSiteInput()), anEnvironment(), facts);
  expect(hosts.db1?.sysctls["net.ipv4.conf.eth0/7.send_redirects"]).toBe("0");
});
