/** Configuration files that both engines are given, word for word. */

export const vip = "10.20.0.100";

/** One instance with one address, and one balanced service so that the checkers run as well. */
export const pairConf = (priority: number): string => `global_defs {
  process_names
  script_user root
  enable_script_security
}

vrrp_instance bench {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority ${priority}
  advert_int 1
  virtual_ipaddress {
    ${vip}/32 dev eth0
  }
}

virtual_server fwmark 9 {
  delay_loop 5
  lb_algo rr
  lb_kind DR
  real_server 10.20.0.11 80 {
    TCP_CHECK {
      connect_timeout 2
    }
  }
  real_server 10.20.0.12 80 {
    TCP_CHECK {
      connect_timeout 2
    }
  }
}
`;

/** `count` instances with one address each, adverts every second. */
export function manyConf(count: number, priority: number): string {
  const instances = Array.from(
    { length: count },
    (_, at) => `vrrp_instance i${at + 1} {
  state BACKUP
  interface eth0
  virtual_router_id ${at + 1}
  priority ${priority}
  advert_int 1
  virtual_ipaddress {
    10.20.1.${at + 1}/32 dev eth0
  }
}
`,
  );
  return `global_defs {\n  process_names\n  vrrp_garp_master_repeat 1\n}\n\n${instances.join("\n")}`;
}
