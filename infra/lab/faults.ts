/** What can be broken between hosts, as rules for the bridges' packet filter. Pure. */
import { type HostName, type Network, tap } from "./address.ts";

/** A fault of the networks. */
export type Fault =
  /** Nothing passes between the two, in both directions. */
  | { readonly kind: "partition"; readonly a: HostName; readonly b: HostName; readonly network: Network }
  /** What `from` sends does not reach `to`; the other direction is well. */
  | { readonly kind: "block"; readonly from: HostName; readonly to: HostName; readonly network: Network }
  /** The host reaches nobody, and nobody reaches it. */
  | { readonly kind: "isolate"; readonly host: HostName; readonly network: Network }
  /** `percent` of what `from` sends to `to` is lost, 1 to 99, each frame by chance. */
  | {
      readonly kind: "loss";
      readonly from: HostName;
      readonly to: HostName;
      readonly percent: number;
      readonly network: Network;
    };

/** A fault that is in force, and how many frames it has taken: a fault that took none has proven nothing. */
export interface FaultCount {
  readonly fault: string;
  readonly frames: number;
}

/** The rules that make the fault: each counts what it takes, under the fault's name. */
export function faultRules(fault: Fault): string[] {
  const rule = (chain: string, match: string) =>
    `add rule bridge lab ${chain} ${match} counter drop comment "${faultName(fault)}"`;
  const from = (host: HostName) => `iifname "${tap(host, fault.network)}"`;
  const to = (host: HostName) => `oifname "${tap(host, fault.network)}"`;
  switch (fault.kind) {
    case "partition":
      return [
        rule("forward", `${from(fault.a)} ${to(fault.b)}`),
        rule("forward", `${from(fault.b)} ${to(fault.a)}`),
      ];
    case "block":
      return [rule("forward", `${from(fault.from)} ${to(fault.to)}`)];
    case "isolate":
      return [
        rule("forward", from(fault.host)),
        rule("forward", to(fault.host)),
        rule("input", from(fault.host)),
        rule("output", to(fault.host)),
      ];
    case "loss":
      return [
        rule("forward", `${from(fault.from)} ${to(fault.to)} numgen random mod 100 < ${fault.percent}`),
      ];
  }
}

/** The fault in words. */
export function faultName(fault: Fault): string {
  switch (fault.kind) {
    case "partition":
      return `partition ${fault.a} ${fault.b} ${fault.network}`;
    case "block":
      return `block ${fault.from} ${fault.to} ${fault.network}`;
    case "isolate":
      return `isolate ${fault.host} ${fault.network}`;
    case "loss":
      return `loss ${fault.from} ${fault.to} ${fault.percent} ${fault.network}`;
  }
}

interface ListedRule {
  readonly rule?: {
    readonly comment?: string;
    readonly expr: readonly { readonly counter?: { readonly packets: number } }[];
  };
}

/** Reads the counters out of nft's JSON; the rules of one fault are added up. */
export function faultCounts(json: string): FaultCount[] {
  const counts = new Map<string, number>();
  const { nftables } = JSON.parse(json) as { readonly nftables: readonly ListedRule[] };
  for (const { rule } of nftables) {
    if (rule?.comment === undefined) continue;
    const packets = rule.expr.find((part) => part.counter)?.counter?.packets ?? 0;
    counts.set(rule.comment, (counts.get(rule.comment) ?? 0) + packets);
  }
  return [...counts].map(([fault, frames]) => ({ fault, frames }));
}
