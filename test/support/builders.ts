/** Builders of what a test hands to the planner: facts, environments, sites with a word changed. */
import { type Environment, readEnvironment } from "../../infra/model/environment.ts";
import { readSite, type Site, type SiteInput } from "../../infra/model/site.ts";
import type { Facts } from "../../infra/plan/plan.ts";
import type { HostFacts } from "../../infra/provider/facts/schema.ts";

/** A Debian host number `n`: eth0 10.20.0.n with the MAC 02:00:00:00:00:<n>, no firewall of its own. */
export function someFacts(n: number, changed: Partial<HostFacts> = {}): HostFacts {
  return {
    interfaces: [
      { name: "lo", mac: "00:00:00:00:00:00", addresses: ["127.0.0.1/8"], up: true },
      { name: "eth0", mac: macOf(n), addresses: [`10.20.0.${n}/24`, "fe80::1/64"], up: true },
      { name: "mgmt", mac: `02:00:00:02:00:${hex(n)}`, addresses: [`10.99.0.${n}/24`], up: true },
    ],
    distribution: { id: "debian", version: "13" },
    architecture: "x86_64",
    kernel: "6.12.0",
    installation: `installation-${n}`,
    firewall: { dropsInput: false, stateful: false, tool: "none" },
    ...changed,
  };
}

export function macOf(n: number): string {
  return `02:00:00:00:00:${hex(n)}`;
}

function hex(n: number): string {
  return n.toString(16).padStart(2, "0");
}

/** db1..db3 are numbers 11..13, lb1 and lb2 21 and 22; reached over 10.99.0.0/24. */
export function anEnvironment(changed: Record<string, unknown> = {}): Environment {
  const host = (n: number) => ({ address: `10.99.0.${n}` });
  const { environment, findings } = readEnvironment({
    hosts: { db1: host(11), db2: host(12), db3: host(13), lb1: host(21), lb2: host(22) },
    addresses: { "read-vip": "10.20.0.200", "edge-vip": "10.20.0.100/24" },
    ...changed,
  });
  if (environment === undefined) throw new Error(JSON.stringify(findings));
  return environment;
}

export function someHosts(changed: Record<string, HostFacts | undefined> = {}): Facts {
  const facts = { db1: 11, db2: 12, db3: 13, lb1: 21, lb2: 22 };
  return {
    ...Object.fromEntries(Object.entries(facts).map(([name, n]) => [name, someFacts(n)])),
    ...changed,
  };
}

/** Reads a site that must be valid. */
export function aSite(input: SiteInput): Site {
  const { site, findings } = readSite(input);
  if (site === undefined) throw new Error(JSON.stringify(findings, null, 2));
  return site;
}

/** Two hosts, one pair and one DR service over three servers; a test changes what it is about. */
export function aSiteInput(
  changed: {
    site?: Partial<SiteInput>;
    pair?: Partial<NonNullable<SiteInput["pairs"]>[string]>;
    service?: Partial<NonNullable<SiteInput["services"]>[string]>;
  } = {},
): SiteInput {
  return {
    name: "test",
    hosts: ["db1", "db2", "db3"],
    pairs: { read: { members: ["db1", "db2"], vips: ["10.20.0.200"], ...changed.pair } },
    services: {
      mysql: {
        on: "read",
        port: 3306,
        forward: "dr",
        scheduler: "rr",
        servers: ["db1", "db2", "db3"],
        check: { kind: "login", user: "monitor" },
        ...changed.service,
      },
    },
    ...changed.site,
  };
}
