/** What the rules say of a site, for the tests of single rules. */
import type { Finding } from "../../infra/model/finding.ts";
import { type Facts, plan } from "../../infra/plan/plan.ts";
import { anEnvironment, aSite, aSiteInput, someHosts } from "./builders.ts";

/** The findings of one rule about the usual site with `changed`. */
export function findingsOf(
  code: string,
  changed: Parameters<typeof aSiteInput>[0] = {},
  environment: Record<string, unknown> = {},
  facts: Facts = someHosts(),
): Finding[] {
  const result = plan(aSite(aSiteInput(changed)), anEnvironment(environment), facts);
  return result.findings.filter((finding) => finding.code === code);
}
