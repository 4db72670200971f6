/**
 * The `host` resource: everything of one Linux host that Understudy owns and that can drift.
 *
 * The seam between `deploy`, which fills these arguments in from a host plan, and `provider`, which makes the host equal
 * to them and reads the live values back. Every value here is what a refresh can read from the host, in the same form,
 * so that a diff of wanted against live is a plain comparison.
 */

/** How to reach a host: OpenSSH with a strict known_hosts. A change of these never replaces or re-applies anything. */
export interface Connection {
  /** Address or name that SSH connects to. */
  host: string;
  /** TCP port of sshd, default 22. */
  port: number;
  /** Login name; it needs root's rights. */
  user: string;
  /** Lines in known_hosts format, `<address> <type> <key>`; no other key is accepted. */
  knownHosts: string[];
  /** Path of a private key on the operator's machine; without it the agent or ssh's defaults serve. */
  identityFile?: string;
}

export interface HostFile {
  /** Text of the file. A secret stands in it as `@@name@@` and is filled in on the way to the host. */
  content: string;
  /** Octal with a leading zero, as `0644`. */
  mode: string;
  /** `user:group`. */
  owner: string;
}

/** Marks packets to a virtual service, except those that another director has already balanced. */
export interface MarkRule {
  /** Where the packets come in, as `eth0`. */
  interface: string;
  address: string;
  protocol: "tcp" | "udp" | "sctp";
  port: number;
  /** The firewall mark, 1..2^32-1. */
  mark: number;
  /** Source MAC addresses that are not marked: those of the other directors, lower case. */
  exceptMacs: string[];
}

/** Traffic that the host's firewall must let in. */
export interface AcceptRule {
  protocol: "vrrp" | "ah" | "tcp" | "udp" | "sctp";
  /** Source addresses; empty means any. */
  sources: string[];
  /** Destination address, or `any`. */
  destination: string;
  /** Destination port; 0 where the protocol has none. */
  port: number;
}

export interface UnitState {
  /** Started at boot. */
  enabled: boolean;
  /** Running now. */
  active: boolean;
}

export interface EngineState {
  /** Path of the binary on the operator's machine, copied at provisioning; empty on hosts that run no engine. */
  sha256: string;
  /** What `understudy --version` prints after its name. */
  version: string;
  /** SHA-256 of the configuration text that the running engine has loaded, from `understudy status --json`. */
  loadedConfig: string;
}

export interface HostArgs {
  connection: Connection;
  /** Absolute path on the host to the file there. */
  files: Record<string, HostFile>;
  /** Symbolic sysctl key, as `net.ipv4.conf.all.arp_ignore`, to its live value. */
  sysctls: Record<string, string>;
  /** Device, as `lo`, to the addresses in CIDR form that it must carry. Others are left alone. */
  addresses: Record<string, string[]>;
  /** Rules of the table `inet understudy` by name (the rule's comment). */
  marks: Record<string, MarkRule>;
  accepts: Record<string, AcceptRule>;
  units: Record<string, UnitState>;
  /** Absent on a host that is only a real server. */
  engine?: EngineState;
  /** Why the plan is not whole, as `the MAC address of db2 is not known`: such a host is read, but never changed. */
  incomplete?: string[];
  /** Secret values by name; they replace `@@name@@` in files and are never shown. */
  secrets: Record<string, string>;
}

export const hostType = "understudy:index:Host";
