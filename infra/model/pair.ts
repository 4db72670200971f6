/** A pair: hosts that share virtual addresses, one of them holding them at a time. */
import { z } from "zod";
import { notify } from "./notify.ts";
import { duration, keywords, name, port, word } from "./scalars.ts";
import { track } from "./track.ts";

const priority = z
  .int({ error: "expected: a priority, 1 to 254" })
  .min(1, { error: "expected: a priority, 1 to 254" })
  .max(254, { error: "expected: a priority, 1 to 254" });

export const pair = z.strictObject({
  /** Hosts of the site, preferred first. */
  members: z.array(name),
  /** Names in the stack's `understudy:addresses`, or literal addresses, with or without a prefix length. */
  vips: z.array(z.string()).min(1, { error: "expected: at least one VIP" }),
  track: z.record(name, track).default({}),
  notify: z
    .union([notify, z.array(notify)])
    .default([])
    .transform((value) => (Array.isArray(value) ? value : [value])),
  /** TCP ports that the members themselves serve on the VIPs. */
  ports: z.array(port).default([]),
  /** Default: the lowest free one on the segment. */
  vrid: z.int().min(1, { error: "expected: 1 to 255" }).max(255, { error: "expected: 1 to 255" }).optional(),
  /** Default: 100, 90, ... in the order of the members. */
  priorities: z.record(name, priority).default({}),
  /** Default: the interface whose network holds the VIPs. */
  interface: word.optional(),
  transport: z.enum(["unicast", "multicast"]).default("unicast"),
  /** From one advert to the next; default 1 s. */
  adverts: duration.default(1000),
  /** Default: 2; 3 where the adverts are not whole seconds apart. */
  version: z.union([z.literal(2), z.literal(3)]).optional(),
  /** Whether a better member takes the VIPs back; default true. */
  preempt: z.boolean().default(true),
  preemptDelay: duration.optional(),
  /** Name of the stack's secret with the VRRP password, 8 characters at most; default none. */
  auth: name.optional(),
  keywords: keywords.default({}),
});
export type Pair = z.infer<typeof pair>;
