/** What Understudy has to say about the user's input: one voice for the model, the plan and the preview. */

/** How grave a finding is: an error stops the deploy, a warning is shown with it. */
export type Severity = "error" | "warning" | "note";

/** One mistake or remark about the user's site; the same five fields as the engine's diagnostics. */
export interface Finding {
  /** Stable name of the rule, as `weight-below-gap`. */
  code: string;
  severity: Severity;
  /** Path in the site, as `pairs.read.track.mha.weight`. */
  place: string;
  /** What is wrong, with the user's names, the number found and the number needed. */
  message: string;
  /** The way out, as `expected: at least 11`; empty when there is none to suggest. */
  remedy: string;
}

/** A finding as a person reads it; `file` is where the place is, as `sites/haproxy-pair.ts`. */
export function formatFinding(finding: Finding, file: string): string {
  const head = `${finding.severity}: ${[file, finding.place].filter((part) => part !== "").join(": ")}`;
  const body = [finding.message, finding.remedy].filter((line) => line !== "");
  return [head, ...body.flatMap((text) => text.split("\n")).map((line) => `  ${line}`)].join("\n");
}

/** True when nothing stands in the way of a deploy. */
export function isDeployable(findings: readonly Finding[]): boolean {
  return findings.every((finding) => finding.severity !== "error");
}
