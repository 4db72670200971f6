/** The secrets that the plans need: all there, and such that their files can hold them. No finding has a value in it. */
import type { Finding } from "../model/finding.ts";
import type { HostPlan } from "../plan/host-plan.ts";
import { secretFindings } from "../plan/rules/secrets.ts";

export interface Secrets {
  values: Record<string, string>;
  findings: Finding[];
}

export function collectSecrets(
  plans: readonly Pick<HostPlan, "secrets">[],
  lookUp: (name: string) => string | undefined,
): Secrets {
  const uses = new Map(plans.flatMap((plan) => Object.entries(plan.secrets)));
  const values: Record<string, string> = {};
  const findings: Finding[] = [];
  for (const [name, use] of uses) {
    const value = lookUp(name);
    if (value === undefined) findings.push(missing(name));
    else findings.push(...secretFindings(name, use, value));
    values[name] = value ?? "";
  }
  return { values, findings };
}

export function missing(name: string): Finding {
  return {
    code: "secret-missing",
    severity: "error",
    place: `understudy:${name}`,
    message: `the stack has no secret \`${name}\``,
    remedy: `Set it: npm run -s pulumi -- config set --secret understudy:${name}`,
  };
}
