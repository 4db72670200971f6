/** What the planner decides for one pair as a whole: who should hold the VIPs, and what proves it. */
import type { PairArgs } from "../provider/pair/schema.ts";
import { type Draft, type DraftPair, seatIn } from "./draft.ts";

/** The `pair` resource's arguments, without the connections and the trigger that `deploy` knows. */
export interface PairPlan extends Pick<PairArgs, "instance" | "vips" | "holder" | "ready" | "proofs"> {
  members: { name: string; interface: string; mac: string }[];
  /** Standby first: the order in which the members are rolled out. */
  rollout: string[];
  /** Hosts that must be done before the proof: the members and the real servers. */
  needs: string[];
}

export function pairPlanOf(draft: Draft, pair: DraftPair): PairPlan {
  const byPriority = [...pair.members].sort(
    (a, b) => (pair.priorities.get(b) ?? 0) - (pair.priorities.get(a) ?? 0),
  );
  const services = draft.services.filter((service) => service.pair === pair);
  return {
    instance: pair.name,
    vips: pair.vips.map(({ address, prefix }) => `${address}/${prefix}`),
    holder: pair.model.preempt ? (byPriority[0] ?? "") : "",
    ready: pair.members,
    members: pair.members.map((name) => {
      const seat = seatIn(pair, name);
      return { name, interface: seat?.interface ?? "", mac: seat?.mac ?? "" };
    }),
    proofs: [...services.flatMap((service) => proofsOf(draft, service)), ...portProofs(pair)],
    rollout: byPriority.reverse(),
    needs: [
      ...new Set([
        ...pair.members,
        ...services.flatMap(({ servers }) =>
          servers.flatMap(({ host }) => (host === undefined ? [] : [host])),
        ),
      ]),
    ],
  };
}

function proofsOf(
  draft: Draft,
  { name, model, pair, servers }: Draft["services"][number],
): PairArgs["proofs"] {
  if (model.protocol !== "tcp") return [];
  const { observer } = draft.environment;
  const ask = typeof observer === "object" ? (observer.ask[name] ?? []) : [];
  const expect =
    ask.length === 0 ? [] : servers.filter(({ weight }) => weight > 0).map((server) => server.name);
  return pair.vips.map(({ address }) => ({ address, port: model.port, ask, expect }));
}

function portProofs(pair: DraftPair): PairArgs["proofs"] {
  return pair.vips.flatMap(({ address }) =>
    pair.model.ports.map((port) => ({ address, port, ask: [], expect: [] })),
  );
}
