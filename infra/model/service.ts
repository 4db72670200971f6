/** A service: what a pair's directors balance over real servers. */
import { z } from "zod";
import { check } from "./check.ts";
import { type Keywords, keywords, name, port } from "./scalars.ts";

const weight = z.int().min(0, { error: "expected: 0 or more" });

/** One real server, however it was written. */
export interface Server {
  server: string;
  /** Default: the service's. */
  weight?: number | undefined;
  /** Default: the service's; only NAT can change it. */
  port?: number | undefined;
  keywords: Keywords;
}

const server = z
  .union(
    [
      z.string(),
      z.strictObject({
        server: z.string(),
        weight: weight.optional(),
        port: port.optional(),
        keywords: keywords.default({}),
      }),
    ],
    { error: "expected: a host of the site, an address, or { server, weight }" },
  )
  .transform((value): Server => (typeof value === "string" ? { server: value, keywords: {} } : value));

export const service = z.strictObject({
  /** The pair whose VIPs it is reached by, and whose members are its directors. */
  on: name,
  port,
  protocol: z.enum(["tcp", "udp", "sctp"]).default("tcp"),
  forward: z.enum(["dr", "nat", "tun"]),
  scheduler: z.enum([
    "rr",
    "wrr",
    "lc",
    "wlc",
    "lblc",
    "lblcr",
    "dh",
    "sh",
    "sed",
    "nq",
    "fo",
    "ovf",
    "mh",
    "twos",
  ]),
  /** Hosts of the site, or literal addresses. */
  servers: z.array(server).min(1, { error: "expected: at least one server" }),
  check,
  /** Of every server that has none of its own; default 1. */
  weight: weight.default(1),
  /** Total weight of healthy servers below which the service counts as down; default 1. */
  quorum: z.int().min(1).default(1),
  /** Seconds are what the kernel knows; a client stays with its server that long after its last connection. */
  persistence: z.int().min(1).optional(),
  /** Address, or `address:port`, that serves while the quorum is lost. */
  sorry: z.string().optional(),
  /** Firewall mark; default: the lowest free one where marks are needed. */
  mark: z.int().min(1).max(4_294_967_295).optional(),
  keywords: keywords.default({}),
});
export type Service = z.infer<typeof service>;
