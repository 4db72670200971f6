/**
 * Who is rolled out after whom. Real servers first: a director must not send them what they don't take yet. Then the
 * standby members; the one that holds the VIPs last, when all others are known to be healthy. Pure.
 */
import type { Plan } from "../plan/plan.ts";

/**
 * By host: the hosts that must be done before it. An unreachable host fails alone: nobody waits for it, and it is tried
 * when all others are done, for its failure ends the deploy.
 */
export function rolloutOrder(
  plan: Pick<Plan, "hosts" | "pairs">,
  holding: Readonly<Record<string, readonly string[]>>,
  unreachable: readonly string[],
): Record<string, string[]> {
  const pairs = Object.values(plan.pairs);
  const masters = pairs.map((pair) => masterOf(pair, holding));
  // One order over all pairs: with two pairs that back each other up, each pair's own order would be a circle.
  const rank = (host: string) => masters.filter((master) => master === host).length;
  const members = [...new Set(pairs.flatMap((pair) => pair.rollout))].sort((a, b) => rank(a) - rank(b));
  const reachable = (host: string) => !unreachable.includes(host);
  const hosts = Object.keys(plan.hosts);

  return Object.fromEntries(
    hosts.map((host) => {
      if (!reachable(host)) return [host, hosts.filter(reachable)];
      const own = pairs.filter((pair) => pair.rollout.includes(host));
      const before = members.slice(0, Math.max(0, members.indexOf(host)));
      const servers = own.flatMap((pair) => pair.needs).filter((name) => !members.includes(name));
      const standby = before.filter((name) => own.some((pair) => pair.rollout.includes(name)));
      return [host, [...new Set([...servers, ...standby])].filter(reachable)];
    }),
  );
}

/** The member that holds the VIPs now; where nobody does, the preferred one. */
function masterOf(
  pair: Plan["pairs"][string],
  holding: Readonly<Record<string, readonly string[]>>,
): string | undefined {
  return pair.rollout.find((host) => holding[host]?.includes(pair.instance)) ?? pair.rollout.at(-1);
}
