/** The planner: a site, the stack's environment and the hosts' facts become what each host must have. Pure. */
import type { Environment } from "../model/environment.ts";
import type { Finding } from "../model/finding.ts";
import type { Site } from "../model/site.ts";
import { type Draft, draftOf, type Facts, seatIn } from "./draft.ts";
import type { Derived, HostPlan } from "./host-plan.ts";
import { hostPlanOf } from "./hosts.ts";
import { type PairPlan, pairPlanOf } from "./pair-plan.ts";
import { judge } from "./rules/index.ts";

export type { Facts } from "./draft.ts";

export interface Plan {
  site: string;
  hosts: Record<string, HostPlan>;
  pairs: Record<string, PairPlan>;
  /** Errors first. */
  findings: Finding[];
  /** What concerns the site as a whole; what concerns one host is in its plan. */
  derived: Derived[];
}

/** Facts may be missing for a host that was not reached: its plan is then incomplete, and says why. */
export function plan(site: Site, environment: Environment, facts: Facts): Plan {
  const draft = draftOf(site, environment, facts);
  const hosts = [...new Set(site.hosts)];
  return {
    site: site.name,
    hosts: Object.fromEntries(hosts.map((host) => [host, hostPlanOf(draft, host)])),
    pairs: Object.fromEntries(draft.pairs.map((pair) => [pair.name, pairPlanOf(draft, pair)])),
    findings: judge(draft),
    derived: derivedOf(draft),
  };
}

function derivedOf(draft: Draft): Derived[] {
  const derived: Derived[] = [];
  for (const pair of draft.pairs) {
    const { name, model, vrid, segment, priorities, members } = pair;
    if (model.vrid === undefined && vrid !== undefined) {
      derived.push({ what: `${name}: VRID ${vrid}`, why: `lowest free on segment ${segment}` });
    }
    const ranks = members.map((member) => `${member} ${priorities.get(member)}`).join(", ");
    derived.push({ what: `${name}: priorities ${ranks}`, why: "the first member is preferred" });
    for (const member of members) {
      const seat = seatIn(pair, member);
      if (seat === undefined) continue;
      const what = `${name}: ${seat.interface} (${seat.address}) on ${member}`;
      derived.push({ what, why: `its network ${seat.segment} holds the VIP` });
    }
  }
  for (const { name, model, mark, servingDirectors } of draft.services) {
    if (mark === undefined || model.mark !== undefined) continue;
    const why = `lowest free; ${servingDirectors.join(" and ")} both balance and serve, so an address can't tell`;
    derived.push({ what: `${name}: firewall mark ${mark}`, why });
  }
  return derived;
}
