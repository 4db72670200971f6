import { describe, expect, test } from "vitest";
import { parseFacts } from "../../infra/provider/facts/read.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Answers of `facts.sh`; `change` replaces one of them. */
function answers(change: Record<string, string> = {}): string {
  const links = [
    {
      ifname: "lo",
      link_type: "loopback",
      address: "00:00:00:00:00:00",
      flags: ["UP"],
      addr_info: [{ local: "127.0.0.1", prefixlen: 8, scope: "host" }],
    },
    {
      ifname: "eth0",
      link_type: "ether",
      address: "02:00:00:00:00:0F",
      flags: ["BROADCAST", "UP"],
      addr_info: [
        { local: "fe80::1", prefixlen: 64, scope: "link" },
        { local: "10.20.0.15", prefixlen: 24, scope: "global" },
      ],
    },
    { ifname: "eth1", link_type: "ether", address: "02:00:00:00:01:0f", flags: ["BROADCAST"] },
    {}, // what iproute2 prints for links that a filter leaves out
  ];
  const all = {
    links: base64(JSON.stringify(links)),
    release: base64('PRETTY_NAME="Debian GNU/Linux 13"\nID=debian\nVERSION_ID="13"\n'),
    machine: "x86_64\t7.2.0",
    installation: "0123456789abcdef",
    nftables: "",
    iptables: "",
    ...change,
  };
  return Object.entries(all)
    .map(([word, text]) => `${word}\t${text}\n`)
    .join("");
}

test("a host's facts", () => {
  expect(parseFacts(answers())).toEqual({
    interfaces: [
      { name: "lo", mac: "", addresses: ["127.0.0.1/8"], up: true },
      { name: "eth0", mac: "02:00:00:00:00:0f", addresses: ["10.20.0.15/24", "fe80::1/64"], up: true },
      { name: "eth1", mac: "02:00:00:00:01:0f", addresses: [], up: false },
    ],
    distribution: { id: "debian", version: "13" },
    architecture: "x86_64",
    kernel: "7.2.0",
    installation: "0123456789abcdef",
    firewall: { dropsInput: false, stateful: false, tool: "none" },
  });
});

describe("the firewall beside ours", () => {
  const own =
    "table inet understudy {\n\tchain accepts {\n\t\ttype filter hook input priority -10; policy accept;\n\t}\n}\n";
  const strict =
    "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n" +
    "\t\tct state vmap { established : accept, related : accept, invalid : drop }\n\t}\n}\n";
  const rows: [string, Record<string, string>, object][] = [
    ["ours alone is none", { nftables: base64(own) }, { dropsInput: false, stateful: false, tool: "none" }],
    [
      "nftables that drops",
      { nftables: base64(own + strict) },
      { dropsInput: true, stateful: true, tool: "nftables" },
    ],
    [
      "a last rule that rejects",
      {
        nftables: base64(
          "table inet f {\n\tchain i {\n\t\ttype filter hook input priority 0; policy accept;\n\t\treject\n\t}\n}\n",
        ),
      },
      { dropsInput: true, stateful: false, tool: "nftables" },
    ],
    [
      "legacy iptables",
      { iptables: base64("-P INPUT DROP\n-A INPUT -m conntrack --ctstate INVALID -j DROP\n") },
      { dropsInput: true, stateful: true, tool: "iptables" },
    ],
    [
      "iptables on top of nftables",
      {
        nftables: base64(
          "# Warning: table ip filter is managed by iptables-nft, do not touch!\ntable ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n",
        ),
      },
      { dropsInput: true, stateful: false, tool: "iptables" },
    ],
    ["firewalld", { tool: "firewalld" }, { dropsInput: false, stateful: false, tool: "firewalld" }],
  ];
  test.each(rows)("%s", (_name, change, expected) => {
    expect(parseFacts(answers(change)).firewall).toEqual(expected);
  });
});
