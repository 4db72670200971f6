/** zod's issues as findings: the path in the site, what was found, what was expected, the nearest right word. */
import { z } from "zod";
import type { Finding } from "./finding.ts";
import { didYouMean, listOf } from "./suggest.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** All findings for what `schema` said about `input`. */
export function findingsOf(issues: readonly Issue[], schema: z.ZodType, input: unknown): Finding[] {
  return issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      const known = knownKeys(schema, issue.path, input);
      return issue.keys.map((key) => ({
        code: "unknown-key",
        severity: "error" as const,
        place: placeOf([...issue.path, key]),
        message: `unknown key \`${key}\`.`,
        remedy: didYouMean(key, known),
      }));
    }
    return [explain(issue, issue.path, valueAt(input, issue.path))];
  });
}

/** `pairs.read.vips[0]` */
export function placeOf(path: Path): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

function explain(issue: Issue, path: Path, value: unknown): Finding {
  const finding = (code: string, message: string, remedy: string): Finding => ({
    code,
    severity: "error",
    place: placeOf(path),
    message,
    remedy,
  });
  const own = issue.message.startsWith("expected: ") ? issue.message : undefined;
  if (value === undefined) {
    return finding("missing", "nothing is given here, and something must be.", own ?? expectationOf(issue));
  }
  if (issue.code === "invalid_key") {
    const name = String(path.at(-1));
    return finding("bad-name", `\`${name}\` cannot be a name here.`, issue.issues[0]?.message ?? "");
  }
  if (issue.code === "invalid_value") {
    const words = issue.values.map(String);
    return finding(
      "bad-value",
      `${show(value)} is none of the possible values.`,
      didYouMean(String(value), words),
    );
  }
  return finding("bad-value", `${show(value)} is not possible here.`, own ?? expectationOf(issue));
}

function expectationOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected: ${article(issue.expected)}`;
    case "invalid_value":
      return `expected: ${listOf(
        issue.values.map((word) => `\`${String(word)}\``),
        "or",
      )}`;
    case "too_small":
      return `expected: at least ${issue.minimum}${issue.origin === "array" ? " entries" : ""}`;
    case "too_big":
      return `expected: at most ${issue.maximum}${issue.origin === "array" ? " entries" : ""}`;
    default:
      return `expected: ${issue.message}`;
  }
}

function article(type: string): string {
  const named: Record<string, string> = {
    array: "a list",
    object: "an object, { ... }",
    record: "an object, { name: ... }",
    int: "a whole number",
    string: "text",
    boolean: "true or false",
  };
  return named[type] ?? `a ${type}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    input,
  );
}

/** The keys that the schema knows at `path`; for unions, those of the variant that the input chose. */
function knownKeys(schema: z.core.$ZodType, path: Path, input: unknown): string[] {
  const [key, ...rest] = path;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return knownKeys(schema.def.innerType, path, input);
  }
  if (schema instanceof z.ZodPipe) return knownKeys(schema.def.in, path, input);
  if (schema instanceof z.ZodUnion) {
    const chosen = schema.def.options.filter((option) => matchesKind(option, input));
    return [...new Set(chosen.flatMap((option) => knownKeys(option, path, input)))];
  }
  if (schema instanceof z.ZodObject) {
    if (key === undefined) return Object.keys(schema.shape);
    const next = schema.shape[String(key)];
    return next === undefined ? [] : knownKeys(next, rest, valueAt(input, [key]));
  }
  if (key === undefined) return [];
  if (schema instanceof z.ZodRecord) return knownKeys(schema.def.valueType, rest, valueAt(input, [key]));
  if (schema instanceof z.ZodArray) return knownKeys(schema.def.element, rest, valueAt(input, [key]));
  return [];
}

function matchesKind(option: z.core.$ZodType, input: unknown): boolean {
  if (!(option instanceof z.ZodObject)) return true;
  const kind: unknown = option.shape.kind;
  return !(kind instanceof z.ZodLiteral) || kind.values.has(String(valueAt(input, ["kind"])));
}
