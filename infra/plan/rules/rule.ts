/** What a rule is: it judges a draft and says what is wrong with it, each finding with its place and the way out. */
import type { Finding, Severity } from "../../model/finding.ts";
import type { Draft } from "../draft.ts";

export type Rule = (draft: Draft) => Finding[];

/** A rule's findings, all with its code. */
export function finding(code: string, severity: Severity) {
  return (place: string, message: string, remedy = ""): Finding => ({
    code,
    severity,
    place,
    message,
    remedy,
  });
}
