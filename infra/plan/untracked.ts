/** Services that a stateful firewall must not track: with DR a director sees one direction of them only. */
import type { DraftService } from "./draft.ts";
import type { UntrackedRule } from "./host-plan.ts";

export function untrackedOf(services: readonly DraftService[]): Record<string, UntrackedRule> {
  const rules: Record<string, UntrackedRule> = {};
  for (const { name, model, pair } of services.filter(({ model }) => model.forward !== "nat")) {
    for (const [index, { address }] of pair.vips.entries()) {
      const rule = { address, protocol: model.protocol, port: model.port };
      rules[index === 0 ? name : `${name}-${index + 1}`] = rule;
    }
  }
  return rules;
}
