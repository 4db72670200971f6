/**
 * Rules of the table `inet understudy`, from `nft -j list table`. A rule's comment is its name; a rule that sets the
 * mark is a mark rule, one that accepts is an accept rule; others are none of our business.
 */
import type { AcceptRule, MarkRule } from "../host/schema.ts";

export interface Rules {
  marks: Record<string, MarkRule>;
  accepts: Record<string, AcceptRule>;
}

type Field = { payload?: { protocol: string; field: string }; meta?: { key: string } };
type Right = string | number | { set: (string | number)[] };
interface Expression {
  match?: { op: string; left: Field; right: Right };
  mangle?: { key: Field; value: number };
  accept?: null;
}
interface Rule {
  comment?: string;
  expr: Expression[];
}

/** No table, as on a host that has never seen us, is no rules. */
export function parseRules(json: string): Rules {
  const rules: Rules = { marks: {}, accepts: {} };
  if (!json.trim()) return rules;
  for (const { rule } of (JSON.parse(json) as { nftables: { rule?: Rule }[] }).nftables) {
    if (!rule?.comment) continue;
    const mark = rule.expr.find((e) => e.mangle?.key.meta?.key === "mark")?.mangle?.value;
    if (mark !== undefined) rules.marks[rule.comment] = toMark(rule.expr, mark);
    else if (rule.expr.some((e) => "accept" in e)) rules.accepts[rule.comment] = toAccept(rule.expr);
  }
  return rules;
}

/** What the rule's matches say of a field, by `protocol.field` or `meta.key`; empty when they say nothing. */
function matched(expr: Expression[], name: RegExp, op = "=="): string[] {
  for (const { match } of expr) {
    if (!match || match.op !== op) continue;
    const { payload, meta } = match.left;
    if (!name.test(payload ? `${payload.protocol}.${payload.field}` : `meta.${meta?.key}`)) continue;
    return (typeof match.right === "object" ? match.right.set : [match.right]).map(String).sort();
  }
  return [];
}

/** The protocol by name: nft spells it so where it knows it, else by its number. */
function protocolOf(expr: Expression[]): string {
  const port = expr.find((e) => e.match?.left.payload?.field === "dport");
  if (port) return port.match?.left.payload?.protocol ?? "";
  const [name = ""] = matched(expr, /^(ip\.protocol|ip6\.nexthdr|meta\.l4proto)$/);
  return { "112": "vrrp", "51": "ah" }[name] ?? name;
}

const portOf = (expr: Expression[]): number => Number(matched(expr, /\.dport$/)[0] ?? 0);

function toMark(expr: Expression[], mark: number): MarkRule {
  return {
    interface: matched(expr, /^meta\.iifname$/)[0] ?? "",
    address: matched(expr, /^ip6?\.daddr$/)[0] ?? "",
    protocol: protocolOf(expr) as MarkRule["protocol"],
    port: portOf(expr),
    mark,
    exceptMacs: matched(expr, /^ether\.saddr$/, "!="),
  };
}

function toAccept(expr: Expression[]): AcceptRule {
  return {
    protocol: protocolOf(expr) as AcceptRule["protocol"],
    sources: matched(expr, /^ip6?\.saddr$/),
    destination: matched(expr, /^ip6?\.daddr$/)[0] ?? "any",
    port: portOf(expr),
  };
}
