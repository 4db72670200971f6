/**
 * The `pair` resource: who holds the VIPs of one instance, and whether the pair can survive the next fault.
 *
 * It is applied after the members' hosts; its proof of the service from a third host is part of the deploy.
 */
import type { Connection } from "../host/schema.ts";

/** One virtual service that must answer through the VIP; asked from the observer after a deploy. */
export interface Proof {
  /** VIP or other address to connect to. */
  address: string;
  port: number;
  /** Command (argv) run on the observer that prints which server answered; empty means a plain TCP connect. */
  ask: string[];
  /** Server names that must be seen; with `ask` only. */
  expect: string[];
}

export interface PairArgs {
  /** Name of the instance in the engine's configuration. */
  instance: string;
  /** Members, preferred first. */
  members: { name: string; connection: Connection; interface: string; mac: string }[];
  vips: string[];
  /** The member that must hold the VIPs when all is well; empty when either may. */
  holder: string;
  /** Members that can take over now; fewer than the members is drift. */
  ready: string[];
  /** A third host in the VIPs' segment to ask from; without one, the ARP proof is skipped and said so. */
  observer?: { name: string; connection: Connection; interface: string };
  proofs: Proof[];
  /** Environment variables of the proofs' commands; their values are never shown. */
  secrets: Record<string, string>;
  /** A value that changes when the members must be verified again (their configuration's hash). */
  trigger: string;
}

export const pairType = "understudy:index:Pair";
