/** What differs from stack to stack: how the hosts are reached, and the addresses that the site only names. */
import { z } from "zod";
import type { Finding } from "./finding.ts";
import { findingsOf } from "./issues.ts";
import { name, port, word } from "./scalars.ts";

const connection = {
  /** What SSH connects to. */
  address: z.string().min(1),
  port: port.default(22),
  user: word.default("root"),
  /** Lines in known_hosts format; no other key is accepted. */
  knownHosts: z.array(z.string()).default([]),
  /** Path of a private key on the operator's machine. */
  identityFile: z.string().optional(),
};

const host = z.strictObject({
  ...connection,
  /** Address on the network of the VIPs, where it can't be told from the host's interfaces. */
  serviceAddress: z.ipv4({ error: "expected: an IPv4 address" }).optional(),
  /** The interface there, where it is not the one that its address says. */
  interface: word.optional(),
  /** Its hardware address, where it is not the one that is found. */
  mac: z
    .string()
    .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/, { error: "expected: lower case, as 02:00:00:00:00:0b" })
    .optional(),
});

const observer = z.union(
  [
    z.string(),
    z.strictObject({
      ...connection,
      interface: word.optional(),
      /** By service: a command (argv) that prints which server answered it through the VIP. */
      ask: z.record(z.string(), z.array(z.string()).min(1)).default({}),
      /** Environment variables of these commands, each with the name of a secret: no command line shows it. */
      secrets: z.record(z.string().regex(/^[A-Z_][A-Z0-9_]*$/), z.string()).default({}),
    }),
  ],
  { error: "expected: the name of a host, or { address, interface, ask }" },
);

export const environmentSchema = z.strictObject({
  /** `understudy:hosts`. Hosts that the site does not name are left alone. */
  hosts: z.record(name, host),
  /** `understudy:addresses`: what the site's `vips` may name, with or without a prefix length. */
  addresses: z.record(name, z.string()).default({}),
  /** `understudy:observer`: a third host in the VIPs' segment, from which a deploy is proven. */
  observer: observer.optional(),
  /** `understudy:reserved`: numbers that others use on the same segment. */
  reserved: z
    .strictObject({ vrids: z.array(z.int()).default([]), marks: z.array(z.int()).default([]) })
    .default({ vrids: [], marks: [] }),
});
export type Environment = z.infer<typeof environmentSchema>;
export type HostEnvironment = Environment["hosts"][string];

/** Validates a stack's configuration (the keys without `understudy:`); all findings at once. */
export function readEnvironment(value: unknown): { environment?: Environment; findings: Finding[] } {
  const result = environmentSchema.safeParse(value);
  if (result.success) return { environment: result.data, findings: [] };
  return { findings: findingsOf(result.error.issues, environmentSchema, value) };
}
