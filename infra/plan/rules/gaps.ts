/** What a failed check does to the ranks of a pair: the arithmetic that several rules share. */
import type { Track } from "../../model/track.ts";
import type { DraftPair } from "../draft.ts";

/** The preferred member and the one that should take over from it. */
export interface Ranks {
  holder: string;
  standby: string;
  holderPriority: number;
  standbyPriority: number;
}

export function ranksOf({ members, priorities }: DraftPair): Ranks | undefined {
  const ranked = [...members].sort((a, b) => (priorities.get(b) ?? 0) - (priorities.get(a) ?? 0));
  const [holder, standby] = ranked;
  if (holder === undefined || standby === undefined) return undefined;
  return {
    holder,
    standby,
    holderPriority: priorities.get(holder) ?? 0,
    standbyPriority: priorities.get(standby) ?? 0,
  };
}

export function weightOf(track: Track): number {
  return track.weight ?? 0;
}

/** What a member reaches while the check succeeds, or fails; 1..254 as the engine clamps it. */
export function reached(priority: number, weight: number, healthy: boolean): number {
  const moved = healthy ? Math.max(weight, 0) : Math.min(weight, 0);
  return Math.min(254, Math.max(1, priority + moved));
}

/** `90 + 2 = 92`, or `90` where the weight does not count. */
export function sum(priority: number, weight: number, healthy: boolean): string {
  const counts = healthy ? weight > 0 : weight < 0;
  if (!counts) return String(priority);
  return `${priority} ${weight > 0 ? "+" : "-"} ${Math.abs(weight)} = ${reached(priority, weight, healthy)}`;
}
