/** The planner: a site, the stack's environment and the hosts' facts become what each host must have. Pure. */
import type { Environment } from "../model/environment.ts";
import type { Finding } from "../model/finding.ts";
import type { Site } from "../model/site.ts";
import { derivedOf } from "./derived.ts";
import { draftOf, type Facts } from "./draft.ts";
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
