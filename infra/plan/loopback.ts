/** The VIPs that a real server carries without holding them, and where. */
import type { DraftService } from "./draft.ts";
import type { Derived } from "./host-plan.ts";

export function loopbackOf(served: readonly DraftService[]) {
  const addresses: Record<string, string[]> = {};
  const derived: Derived[] = [];
  const modules = new Set<string>();
  for (const { name, model, pair } of served) {
    if (model.forward === "nat") continue;
    const device = model.forward === "dr" ? "lo" : "tunl0";
    if (device === "tunl0") modules.add("ipip");
    const list = addresses[device] ?? [];
    for (const { address } of pair.vips) {
      if (list.includes(`${address}/32`)) continue;
      list.push(`${address}/32`);
      derived.push({
        what: `${address}/32 on ${device}`,
        why: `packets of ${name} arrive with the VIP as destination`,
      });
    }
    addresses[device] = list;
  }
  return { addresses, derived, modules: [...modules] };
}
