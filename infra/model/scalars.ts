/** The small values of a site: durations, names, ports, keywords of the engine. */
import { z } from "zod";

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** A length of time as people write it, `"5s"` or `"200ms"`; milliseconds after parsing. */
export const duration = z
  .templateLiteral([z.number(), z.enum(["ms", "s", "m", "h"])], {
    error: 'expected: a number with a unit, as "5s", "200ms", "2m"',
  })
  .transform((text, context): number => {
    const [, amount, unit] = /^(.*?)(ms|s|m|h)$/.exec(text)!;
    const ms = Math.round(Number(amount) * unitMs[unit as keyof typeof unitMs]);
    if (ms <= 0) context.addIssue({ code: "custom", message: "expected: more than nothing, as 5s" });
    return ms;
  });

/** What may name a host, a pair, a service or a check: it becomes a word in files and a part of paths. */
export const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,30}$/, {
  error: "expected: a letter, then letters, digits, `-`, `_` or `.`, 31 at most",
});

export const port = z
  .int({ error: "expected: a port, 1 to 65535" })
  .min(1, { error: "expected: a port, 1 to 65535" })
  .max(65_535, { error: "expected: a port, 1 to 65535" });

/** A path on a host, in characters that need no quoting in any of the files it ends up in. */
export const absolutePath = z.string().regex(/^(\/[A-Za-z0-9_.@+-]+)+$/, {
  error: "expected: an absolute path of letters, digits, `_`, `.`, `@`, `+` or `-`",
});

/** Text that fits in a word of the engine's configuration, quoted where needed. */
export const word = z.string().regex(/^[^"'\\$\p{Cc}]*$/u, {
  error: "expected: text without quotes, backslashes, `$` or line breaks",
});

/** How far a failure or success moves a priority; 0 is spelled by leaving it out. */
export const weight = z
  .int({ error: "expected: a whole number, -253 to 253" })
  .min(-253, { error: "expected: -253 to 253" })
  .max(253, { error: "expected: -253 to 253" })
  .refine((value) => value !== 0, {
    error: "expected: a weight other than 0, or no weight (a failure then means FAULT)",
  });

/**
 * Any keyword of the engine by its name, for one block. Text is the rest of the line, `true` a keyword without words,
 * `false` takes a derived line away, a list becomes a block with one line each.
 */
export const keywords = z.record(
  z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, { error: "expected: a keyword, as `garp_master_delay`" }),
  z.union([z.boolean(), z.number(), z.string(), z.array(z.string())], {
    error: "expected: text, a number, true, false, or a list of lines",
  }),
);
export type Keywords = z.infer<typeof keywords>;
