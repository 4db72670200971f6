/**
 * Secrets in files: `@@name@@` in the wanted text, the value on the host, and never the value in anything that a
 * person sees: neither ours, nor one that has taken its place.
 */

export type Secrets = Record<string, string>;

/** What stands for a secret that is on the host, but is not ours. */
export const changedSecret = "<changed secret>";
const hiddenLine = "<a changed line, not shown: this file holds a secret>";
const hiddenDifference = "<differs where it holds a secret>";

const placeholder = (name: string): string => `@@${name}@@`;
const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** What is to be on the disk. One pass: a value that looks like a placeholder is left as it is. */
export function fill(content: string, secrets: Secrets): string {
  return content.replace(/@@([A-Za-z0-9_.-]+)@@/g, (whole, name: string) => secrets[name] ?? whole);
}

/** `text` without our secrets; the longest first, so that one inside another leaves no rest. */
export function scrub(text: string, secrets: Secrets): string {
  const entries = Object.entries(secrets);
  const values = entries.map(([name, value]) => [value, placeholder(name)] as const);
  // A program that quotes one line of a multi-line secret gives that line away.
  const lines = entries.flatMap(([name, value]) =>
    value.includes("\n") ? value.split("\n").map((line) => [line.trim(), placeholder(name)] as const) : [],
  );
  const known = new Map([...lines.filter(([line]) => line.length >= 4), ...values.filter(([v]) => v !== "")]);
  if (known.size === 0) return text;
  const longestFirst = [...known.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(escapeRegExp).join("|"), "g");
  return text.replace(pattern, (value) => known.get(value) ?? "");
}

/** Replaces whole secrets only: what `fill` put in, taken out again. */
function unfill(text: string, secrets: Secrets): string {
  const known = new Map(Object.entries(secrets).map(([name, value]) => [value, placeholder(name)]));
  known.delete("");
  if (known.size === 0) return text;
  const longestFirst = [...known.keys()].sort((a, b) => b.length - a.length);
  return text.replace(
    new RegExp(longestFirst.map(escapeRegExp).join("|"), "g"),
    (value) => known.get(value) ?? "",
  );
}

/** The live text as it may be shown. It equals `wanted` exactly when the file is as wanted. */
export function mask(live: string, wanted: string, secrets: Secrets): string {
  if (live === fill(wanted, secrets)) return wanted;
  const names = Object.keys(secrets).filter((name) => wanted.includes(placeholder(name)));
  const shown = names.length === 0 ? unfill(live, secrets) : maskLines(live, wanted, names, secrets);
  return shown === wanted ? `${wanted}\n${hiddenDifference}\n` : shown;
}

function maskLines(live: string, wanted: string, names: string[], secrets: Secrets): string {
  const marked = new RegExp(names.map((name) => escapeRegExp(placeholder(name))).join("|"));
  const wantedLines = wanted.split("\n");
  const same = new Set(wantedLines);
  const words = wantedLines
    .filter((line) => marked.test(line))
    .map((line) => line.slice(0, line.search(marked)));
  const keywords = words.map((before) => before.trim().split(/\s+/).pop() ?? "");
  // Where no word on the line announces the secret, or it goes over several lines, any other line may be a part of it.
  const hide = keywords.includes("") || names.some((name) => secrets[name]?.includes("\n"));
  return unfill(live, secrets)
    .split("\n")
    .map((line) => {
      if (same.has(line)) return line;
      const keyword = keywords.find((word) => word !== "" && line.includes(word));
      if (keyword) return `${line.slice(0, line.indexOf(keyword))}${keyword} ${changedSecret}`;
      return hide ? hiddenLine : scrub(line, secrets);
    })
    .join("\n");
}
