/** What a preview tells: every finding in one voice, and what was derived with its reason. */
import * as pulumi from "@pulumi/pulumi";
import { type Finding, formatFinding, isDeployable } from "../model/finding.ts";
import type { Derived } from "../plan/host-plan.ts";

/** Shows all findings about `file`; throws when one of them is an error, before any host is touched. */
export async function report(findings: readonly Finding[], file: string): Promise<void> {
  for (const finding of findings) {
    const text = formatFinding(finding, file);
    if (finding.severity === "warning") await pulumi.log.warn(text.replace(/^warning: /, "")); // Pulumi says it too
    if (finding.severity === "note") await pulumi.log.info(text);
  }
  if (isDeployable(findings)) return;
  const errors = findings.filter((finding) => finding.severity === "error");
  const text = errors.map((finding) => formatFinding(finding, file)).join("\n\n");
  throw new pulumi.RunError(`${text.replace(/^error: /, "")}\n\nNo host was touched.`);
}

export async function tell(derived: readonly Derived[]): Promise<void> {
  if (derived.length === 0) return;
  const lines = derived.map(({ what, why }) => `  ${what} (${why})`);
  await pulumi.log.info(`derived:\n${[...new Set(lines)].join("\n")}`);
}
