/** A site: the model of one deployment, whole. */
import { z } from "zod";
import type { Finding } from "./finding.ts";
import { findingsOf } from "./issues.ts";
import { pair } from "./pair.ts";
import { keywords, name, word } from "./scalars.ts";
import { service } from "./service.ts";

const mail = z.strictObject({
  to: z.array(word).min(1, { error: "expected: at least one recipient" }),
  from: word,
  /** Address of the SMTP server, with a port where it is not 25. */
  server: word,
});

export const siteSchema = z.strictObject({
  name,
  /** Names; their addresses are the stack's. */
  hosts: z.array(name).min(1, { error: "expected: at least one host" }),
  pairs: z.record(name, pair).default({}),
  services: z.record(name, service).default({}),
  /** Pairs that move together: when one member's instance fails, all of the group go. */
  groups: z.record(name, z.array(name).min(2, { error: "expected: two pairs or more" })).default({}),
  mail: mail.optional(),
  /** Kernel settings of every host; they come on top of the derived ones, and win. */
  sysctls: z.record(z.string().regex(/^[a-z0-9_./-]+$/i), z.string().regex(/^[^\p{Cc}]+$/u)).default({}),
  /** Keywords of `global_defs`. */
  keywords: keywords.default({}),
});
export type Site = z.infer<typeof siteSchema>;
export type SiteInput = z.input<typeof siteSchema>;

/** What a site file exports: `export default site({ ... })`. The editor checks the literal; preview checks all else. */
export function site(input: SiteInput): SiteInput {
  return input;
}

/** Validates whatever a site file exported; all findings at once. */
export function readSite(value: unknown): { site?: Site; findings: Finding[] } {
  const result = siteSchema.safeParse(value);
  if (result.success) return { site: result.data, findings: [] };
  return { findings: findingsOf(result.error.issues, siteSchema, value) };
}
