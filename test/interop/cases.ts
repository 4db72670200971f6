/** What the two have to understand of each other: one row per way to speak. */
import type { Lines, Name } from "./pair.ts";

export interface Case {
  readonly name: string;
  readonly six?: boolean;
  /** Lines of the instance, the same on both but for the addresses. */
  readonly lines: Lines;
  /** Only the lab's newer keepalived knows its keyword. */
  readonly lab?: boolean;
  /** Whoever comes back lets the other go on. */
  readonly nopreempt?: boolean;
}

const v3 = "version 3\n    advert_int 0.3";
const fast = `version 3\n    advert_int 0.01\n    down_timer_adverts 50`;
const password = (type: string) =>
  `authentication {\n        auth_type ${type}\n        auth_pass secret12\n    }`;
const unicast = (own: string, others: string) =>
  `unicast_src_ip ${own}\n    unicast_peer {\n        ${others}\n    }`;

export const cases: readonly Case[] = [
  { name: "version 2", lines: () => "version 2" },
  { name: "version 2, password", lines: () => `version 2\n    ${password("PASS")}` },
  { name: "version 2, authentication header", lines: () => `version 2\n    ${password("AH")}` },
  {
    name: "version 2, unicast, password",
    lines: (own, others) => `version 2\n    ${unicast(own, others)}\n    ${password("PASS")}`,
  },
  {
    name: "version 2, unicast, authentication header",
    lines: (own, others) => `version 2\n    ${unicast(own, others)}\n    ${password("AH")}`,
  },
  { name: "version 3", lines: () => v3 },
  { name: "version 3, unicast", lines: (own, others) => `${v3}\n    ${unicast(own, others)}` },
  { name: "version 3, old checksum", lab: true, lines: () => `${v3}\n    v3_checksum_as_v2` },
  { name: "version 3, another group", lines: () => `${v3}\n    mcast_dst_ip 239.77.0.18` },
  { name: "version 3, an advert every 10 ms", lines: () => fast },
  { name: "version 3, VMAC", lines: () => `${v3}\n    use_vmac` },
  {
    name: "version 3, VMAC, adverts from its parent",
    lines: () => `${v3}\n    use_vmac\n    vmac_xmit_base`,
  },
  { name: "version 3, strict", lines: () => `${v3}\n    strict_mode` },
  { name: "version 3, without preemption", nopreempt: true, lines: () => `${v3}\n    nopreempt` },
  { name: "version 2, without preemption", nopreempt: true, lines: () => "version 2\n    nopreempt" },
  { name: "IPv6", six: true, lines: () => v3 },
  { name: "IPv6, unicast", six: true, lines: (own, others) => `${v3}\n    ${unicast(own, others)}` },
  { name: "IPv6, VMAC", six: true, lines: () => `${v3}\n    use_vmac` },
  { name: "IPv6, an advert every 10 ms", six: true, lines: () => fast },
];

export const vipOf = ({ six }: Case): string => (six ? "fe80::5151" : "10.77.0.100");

/** The better one has 150, the other 100. */
export function configuration(one: Case, better: Name): (who: Name) => Lines {
  return (who) => (own, others) =>
    `vrrp_instance pair {
    interface eth0
    virtual_router_id 51
    priority ${who === better ? 150 : 100}
    ${one.lines(own, others)}
    virtual_ipaddress {
        ${vipOf(one)}/${one.six ? 64 : 24}
    }
}
`;
}
