/** What is discovered on a host and not typed: the answer of the provider's `facts` invoke. */

export interface InterfaceFacts {
  name: string;
  /** Lower case, `02:00:00:00:00:0b`; empty for interfaces without one. */
  mac: string;
  /** CIDR form, global scope first. */
  addresses: string[];
  up: boolean;
}

export interface HostFacts {
  interfaces: InterfaceFacts[];
  /** `ID` and `VERSION_ID` of /etc/os-release. */
  distribution: { id: string; version: string };
  /** `uname -m`. */
  architecture: string;
  kernel: string;
  /** Tells this installation of the host from a later one: the start of a hash of /etc/machine-id. */
  installation: string;
  /** A firewall that is in force beside ours: drops by default, or keeps state and drops what it calls invalid. */
  firewall: {
    dropsInput: boolean;
    stateful: boolean;
    tool: "none" | "nftables" | "iptables" | "firewalld" | "ufw";
  };
}

export const factsToken = "understudy:index:facts";

/** What the invoke answers; an unreachable host has a reason in place of facts. */
export interface FactsAnswer {
  facts: HostFacts | null;
  /** Instances that the host is master of right now. */
  holding: string[];
  unreachable: string;
}
