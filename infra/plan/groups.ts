/** Pairs that move together, as the engine's sync groups on one host. */
import type { Draft, DraftPair } from "./draft.ts";
import type { GroupBlock } from "./engine-plan.ts";

/** The groups whose pairs the host is a member of; `pairs` are the host's. */
export function groupsOf(draft: Draft, pairs: readonly DraftPair[]): GroupBlock[] {
  return Object.entries(draft.site.groups).flatMap(([name, named]) => {
    const members = pairs.filter((pair) => named.includes(pair.name));
    if (members.length === 0) return [];
    const checks = members.flatMap(({ model }) => Object.values(model.track));
    const weighted = checks.some(({ weight }) => weight !== undefined);
    return [{ name, instances: members.map((pair) => pair.name), weighted }];
  });
}
