/** What was found, for a person and for a program. */
import type { Difference } from "./compare.ts";
import type { Report } from "./file.ts";

/** Whether the file was run, and nothing is left unexplained. */
export const isGood = (report: Report): boolean =>
  report.refused === undefined && report.differences.every(({ quirk }) => quirk !== undefined);

/** One file's outcome. */
export function text(report: Report): string {
  if (report.refusedAsMeant !== undefined) return `same    ${report.file}: refused, ${report.refusedAsMeant}`;
  const agree = report.moments.reduce((sum, { agree }) => sum + agree, 0);
  const unknown = report.differences.filter(({ quirk }) => quirk === undefined);
  const explained = report.differences.filter(({ quirk }) => quirk !== undefined);
  const head = `${isGood(report) ? "same  " : "DIFFER"}  ${report.file}: ${agree} values agree at ${report.moments.length} moments`;
  const counts = [
    ...(unknown.length > 0 ? [`${unknown.length} differ`] : []),
    ...(explained.length > 0 ? [`${explained.length} differ as QUIRKS.md says`] : []),
  ];
  const refused = report.refused ? `\n  Understudy refuses it:\n${indent(report.refused, 4)}` : "";
  return `${[head, ...counts].join(", ")}${refused}${byMoment(unknown)}${quirks(explained)}`;
}

function byMoment(list: readonly Difference[]): string {
  let moment = "";
  return list
    .map((one) => {
      const head = one.moment === moment ? "" : `\n  ${one.moment}`;
      moment = one.moment;
      return `${head}\n    ${one.key}${side("keepalived", one.keepalived)}${side("understudy", one.understudy)}`;
    })
    .join("");
}

function side(name: string, value: string | undefined): string {
  const [first = "", ...more] = (value ?? "(nothing)").split("\n");
  return [
    `\n      ${name.padEnd(11)} ${first}`,
    ...more.map((line) => `\n      ${" ".repeat(11)} ${line}`),
  ].join("");
}

/** How often each explained one was met. */
function quirks(list: readonly Difference[]): string {
  const counts = new Map<string, number>();
  for (const { quirk = "" } of list) counts.set(quirk, (counts.get(quirk) ?? 0) + 1);
  return [...counts].map(([quirk, count]) => `\n  ${String(count).padStart(4)} x ${quirk}`).join("");
}

const indent = (lines: string, by: number): string => lines.replaceAll(/^/gm, " ".repeat(by));
