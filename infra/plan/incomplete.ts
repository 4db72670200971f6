/** Why a host's plan is not whole: what it must know of itself and of others, and does not. */
import { type Draft, type DraftPair, type DraftService, seatIn } from "./draft.ts";

/**
 * A member must know all members, as peers and by their MACs, and the servers that it balances over. A server alone
 * waits for nobody but itself: at most a director's check is not let in yet.
 */
export function incompleteOf(
  draft: Draft,
  host: string,
  pairs: readonly DraftPair[],
  services: readonly DraftService[],
): string[] {
  const reasons = new Set<string>();
  if (draft.environment.hosts[host] === undefined) reasons.add(`the stack has no address for ${host}`);
  const missing = (other: string, pair: DraftPair) =>
    reasons.add(`where ${other} sits on the segment of ${pair.name} is not known`);
  for (const pair of pairs) {
    for (const member of pair.members) if (seatIn(pair, member) === undefined) missing(member, pair);
  }
  for (const { pair, servers } of services) {
    for (const server of servers) {
      const concerns = pairs.includes(pair) || server.host === host;
      if (concerns && server.host !== undefined && server.address === undefined) missing(server.host, pair);
    }
  }
  return [...reasons];
}
