/** Configuration files that both engines are given, word for word. */
import { perLink, type Side, virtual } from "./network.ts";

const base = { a: 100, b: 90 } satisfies Record<Side, number>;

export interface Router {
  /** The interface, and the virtual router on it, counted from 1. */
  link: number;
  vrid: number;
  advertMs: number;
  /** How many addresses. Default: one. */
  addresses?: number;
  priority?: number;
}

/** So many routers, on as many interfaces as that takes. */
export function many(count: number, advertMs = 1000): Router[] {
  return Array.from({ length: count }, (_, at) => ({
    link: Math.floor(at / perLink),
    vrid: (at % perLink) + 1,
    advertMs,
  }));
}

export interface Global {
  /** SCHED_RR. */
  realtime?: number;
  /** A second set of announcements, after so many seconds; 0: none. */
  announceAgain?: number;
}

/** Version 2 where it can say the interval, as most files in use do. */
export function confOf(side: Side, routers: readonly Router[], global: Global = {}): string {
  const lines = [
    "global_defs {",
    "  vrrp_garp_master_repeat 1",
    `  vrrp_garp_master_delay ${global.announceAgain ?? 5}`,
    ...(global.realtime === undefined ? [] : [`  vrrp_rt_priority ${global.realtime}`]),
    "}",
    ...routers.flatMap((router) => instance(side, router)),
  ];
  return `${lines.join("\n")}\n`;
}

function instance(side: Side, router: Router): string[] {
  const { link, vrid, advertMs, addresses = 1, priority = base[side] } = router;
  return [
    `vrrp_instance i${link}_${vrid} {`,
    "  state BACKUP",
    `  interface e${link}`,
    `  virtual_router_id ${vrid}`,
    `  priority ${priority}`,
    ...(advertMs % 1000 === 0 ? [] : ["  version 3"]),
    `  advert_int ${advertMs / 1000}`,
    "  virtual_ipaddress {",
    ...Array.from({ length: addresses }, (_, at) => `    ${virtual(link, vrid + at)}/32 dev e${link}`),
    "  }",
    "}",
  ];
}
