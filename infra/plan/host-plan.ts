/** What the planner decides for one host; `render` turns it into files, `deploy` into resources. */
import type { AcceptRule, MarkRule, UnitState } from "../provider/host/schema.ts";
import type { EnginePlan } from "./engine-plan.ts";

export type { Finding, Severity } from "../model/finding.ts";

/** One value that was derived rather than typed, with its reason: shown in the preview. */
export interface Derived {
  /** As `VRID 51`. */
  what: string;
  /** As `lowest free on segment 10.20.0.0/24`. */
  why: string;
}

/** The parts of a plan that are not files. The engine's configuration and the scripts are `render`'s input. */
export interface HostState {
  sysctls: Record<string, string>;
  addresses: Record<string, string[]>;
  marks: Record<string, MarkRule>;
  accepts: Record<string, AcceptRule>;
  units: Record<string, UnitState>;
}

/** What a host is in the site; the engine runs on members of pairs only. */
export interface Roles {
  /** It can hold a VIP. */
  member: boolean;
  /** It balances a service. */
  director: boolean;
  /** It serves one. */
  realServer: boolean;
}

/** What a template may be filled with. */
export type Value = string | number | readonly Value[];

/** One file besides the fixed ones: a script, or the client settings of one. */
export interface FilePlan {
  path: string;
  mode: string;
  owner: string;
  /** A template of `templates/` with the values it is filled with, or the text as the site gave it. */
  source: { template: string; values: Record<string, Value> } | { text: string };
}

/** Traffic that a stateful firewall must not track: with DR a director sees one direction only. */
export interface UntrackedRule {
  address: string;
  protocol: "tcp" | "udp" | "sctp";
  port: number;
}

/** What a secret is for, which decides what it may look like. */
export type SecretUse = "vrrp-password" | "mysql-password";

export interface HostPlan extends HostState {
  name: string;
  site: string;
  roles: Roles;
  /** Absent on a host that is only a real server. */
  engine?: EnginePlan;
  files: FilePlan[];
  /** By name: rules for the firewall's `raw` hook; empty where no stateful firewall is in force. */
  untracked: Record<string, UntrackedRule>;
  /** Where another firewall drops what it doesn't know: whose rules the accepts must also be put into. */
  openFirewall: "none" | "iptables" | "nftables";
  /** Packages of the distribution that the files need. */
  packages: string[];
  /** Kernel modules to load before the addresses are set. */
  modules: string[];
  /** Folders that the engine's scripts write to, besides its own. */
  writablePaths: string[];
  /** Names of the secrets that `@@name@@` in its files stands for. */
  secrets: Record<string, SecretUse>;
  /** Why the plan is not whole, as `the MAC address of db2 is not known`; such a host is left untouched. */
  incomplete: string[];
  derived: Derived[];
}
