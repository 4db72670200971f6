import { expect, test } from "vitest";
import { parseRules } from "../../infra/provider/remote/nft.ts";

// nft 1.0.6: `nft -j list table inet understudy` after these lines:
//   iifname "eth0" ether saddr != { 02:00:00:00:00:0c, 02:00:00:00:00:0b } ip daddr 10.20.0.200 tcp dport 3306 meta mark set 2 comment "mysql"
//   iifname "eth0" ip6 daddr fd20::200 udp dport 53 counter meta mark set 0x4 comment "dns"
//   ip saddr 10.20.0.12 ip daddr 224.0.0.18 ip protocol 112 accept comment "vrrp"
//   meta l4proto ah accept comment "ah"
//   ip6 saddr { fd20::1, fd20::2 } tcp dport 3306 accept comment "clients"
//   tcp dport 1 accept
const json = `{"nftables": [{"metainfo": {"version": "1.0.6"}}, {"table": {"family": "inet", "name": "understudy"}},
{"chain": {"family": "inet", "table": "understudy", "name": "marks", "type": "filter", "hook": "prerouting", "prio": -150, "policy": "accept"}},
{"rule": {"chain": "marks", "comment": "mysql", "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth0"}},
 {"match": {"op": "!=", "left": {"payload": {"protocol": "ether", "field": "saddr"}}, "right": {"set": ["02:00:00:00:00:0c", "02:00:00:00:00:0b"]}}},
 {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "daddr"}}, "right": "10.20.0.200"}},
 {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 3306}}, {"mangle": {"key": {"meta": {"key": "mark"}}, "value": 2}}]}},
{"rule": {"chain": "marks", "comment": "dns", "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth0"}},
 {"match": {"op": "==", "left": {"payload": {"protocol": "ip6", "field": "daddr"}}, "right": "fd20::200"}},
 {"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 53}}, {"counter": {"packets": 0, "bytes": 0}}, {"mangle": {"key": {"meta": {"key": "mark"}}, "value": 4}}]}},
{"rule": {"chain": "input", "comment": "vrrp", "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "10.20.0.12"}},
 {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "daddr"}}, "right": "224.0.0.18"}}, {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "protocol"}}, "right": 112}}, {"accept": null}]}},
{"rule": {"chain": "input", "comment": "ah", "expr": [{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "ah"}}, {"accept": null}]}},
{"rule": {"chain": "input", "comment": "clients", "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip6", "field": "saddr"}}, "right": {"set": ["fd20::1", "fd20::2"]}}},
 {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 3306}}, {"accept": null}]}},
{"rule": {"chain": "input", "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 1}}, {"accept": null}]}}]}`;

test("rules are read by their comments, in the form of the inputs", () => {
  expect(parseRules(json)).toEqual({
    marks: {
      mysql: {
        interface: "eth0",
        address: "10.20.0.200",
        protocol: "tcp",
        port: 3306,
        mark: 2,
        exceptMacs: ["02:00:00:00:00:0b", "02:00:00:00:00:0c"],
      },
      dns: { interface: "eth0", address: "fd20::200", protocol: "udp", port: 53, mark: 4, exceptMacs: [] },
    },
    accepts: {
      vrrp: { protocol: "vrrp", sources: ["10.20.0.12"], destination: "224.0.0.18", port: 0 },
      ah: { protocol: "ah", sources: [], destination: "any", port: 0 },
      clients: { protocol: "tcp", sources: ["fd20::1", "fd20::2"], destination: "any", port: 3306 },
    },
  });
});

test("a host without our table has no rules", () => {
  expect(parseRules("")).toEqual({ marks: {}, accepts: {} });
});
