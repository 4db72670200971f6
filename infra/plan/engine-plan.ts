/** The engine's configuration of one host, block by block, before it becomes text. */
import type { Keywords } from "../model/scalars.ts";

export interface EnginePlan {
  globals: {
    routerId: string;
    mail?: { to: string[]; from: string; server: string };
    keywords: Keywords;
  };
  scripts: ScriptBlock[];
  processes: ProcessBlock[];
  groups: GroupBlock[];
  instances: InstanceBlock[];
  virtualServers: VirtualServerBlock[];
}

/** A program and its arguments, as in `execve`. */
export type Argv = readonly string[];

/** vrrp_script */
export interface ScriptBlock {
  name: string;
  command: Argv;
  user?: string;
  everyMs: number;
  timeoutMs: number;
  fall: number;
  rise: number;
  /** 0: a failure is a FAULT. */
  weight: number;
}

/** vrrp_track_process */
export interface ProcessBlock {
  name: string;
  process: string;
  quorum: number;
  delayMs: number;
  weight: number;
}

/** vrrp_sync_group */
export interface GroupBlock {
  name: string;
  instances: string[];
  /** Weighted checks count in a group only where it says so. */
  weighted: boolean;
}

/** vrrp_instance */
export interface InstanceBlock {
  name: string;
  interface: string;
  vrid: number;
  priority: number;
  version: 2 | 3;
  advertsMs: number;
  preempt: boolean;
  preemptDelayMs: number;
  sourceAddress: string;
  /** The other members' addresses; empty means multicast. */
  peers: string[];
  /** Name of the secret. */
  auth?: string;
  /** As `10.20.0.200/32 dev eth0`. */
  vips: { address: string; interface: string }[];
  scripts: string[];
  processes: string[];
  notify: { keyword: string; command: Argv; user?: string }[];
  mail: boolean;
  keywords: Keywords;
}

/** virtual_server */
export interface VirtualServerBlock {
  name: string;
  /** By firewall mark, or by address and port. */
  match: { mark: number } | { address: string; port: number; protocol: string };
  scheduler: string;
  /** As the engine spells it: NAT, DR, TUN. */
  forward: string;
  everyMs: number;
  quorum: number;
  persistence: number;
  sorry?: { address: string; port?: number };
  servers: ServerBlock[];
  keywords: Keywords;
}

/** real_server */
export interface ServerBlock {
  name: string;
  address: string;
  /** Absent with a mark: such a service has no port of its own. */
  port?: number;
  weight: number;
  check: CheckBlock;
  keywords: Keywords;
}

interface CheckTiming {
  timeoutMs: number;
  retries: number;
  pauseMs: number;
}

export type CheckBlock = CheckTiming &
  (
    | { kind: "connect"; port: number }
    | {
        kind: "http";
        block: "HTTP_GET" | "SSL_GET";
        port: number;
        path: string;
        host: string;
        status: number;
        digest: string;
      }
    | { kind: "script"; command: Argv }
  );
