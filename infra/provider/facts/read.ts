/** Reads the facts of a host, in one round trip. */

import { parseStatus } from "../remote/engine-status.ts";
import { decode } from "../remote/inventory.ts";
import { factsLibrary, statusLibrary } from "../remote/library.ts";
import { script, type Transport } from "../remote/transport.ts";
import type { HostFacts, InterfaceFacts } from "./schema.ts";

/** The facts, and the instances that the host is master of right now: no fact, but it decides who comes last. */
export async function readFacts(
  host: Transport,
  signal: AbortSignal,
): Promise<{ facts: HostFacts; holding: string[] }> {
  const output = await host.run(script(factsLibrary + statusLibrary, ["facts", "engine_status"]), signal);
  if (output.code !== 0) throw new Error(`reading the facts failed: ${output.stderr.trim()}`);
  const status = parseStatus(decode(/^status\t\d+\t(.*)$/m.exec(output.stdout)?.[1] ?? ""));
  const masters = status?.instances.filter((instance) => instance.state === "MASTER") ?? [];
  return { facts: parseFacts(output.stdout), holding: masters.map((instance) => instance.name) };
}

/** Reads the answers of `facts.sh`. */
export function parseFacts(text: string): HostFacts {
  const answers = new Map(
    text.split("\n").map((line) => {
      const [word = "", ...fields] = line.split("\t");
      return [word, fields];
    }),
  );
  const body = (word: string) => decode(answers.get(word)?.[0] ?? "");
  const [architecture = "", kernel = ""] = answers.get("machine") ?? [];
  return {
    interfaces: parseLinks(body("links")),
    distribution: parseRelease(body("release")),
    architecture,
    kernel,
    installation: answers.get("installation")?.[0] ?? "",
    firewall: firewallOf(body("nftables"), body("iptables"), answers.get("tool")?.[0]),
  };
}

interface IpLink {
  ifname: string;
  link_type: string;
  address?: string;
  flags?: string[];
  operstate?: string;
  addr_info?: { local: string; prefixlen: number; scope: string }[];
}

function parseLinks(json: string): InterfaceFacts[] {
  return (JSON.parse(json || "[]") as IpLink[])
    .filter((link) => link.ifname)
    .map((link) => {
      const addresses = (link.addr_info ?? []).filter((a) => a.local);
      const global = (a: { scope: string }) => (a.scope === "global" ? 0 : 1);
      return {
        name: link.ifname,
        mac: link.link_type === "ether" ? (link.address ?? "").toLowerCase() : "",
        addresses: addresses.sort((a, b) => global(a) - global(b)).map((a) => `${a.local}/${a.prefixlen}`),
        up: link.flags?.includes("UP") ?? false,
      };
    });
}

function parseRelease(text: string): HostFacts["distribution"] {
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)"?$`, "m").exec(text)?.[1] ?? "";
  return { id: value("ID"), version: value("VERSION_ID") };
}

type Firewall = HostFacts["firewall"];

/** Our own table says nothing about the host's firewall, so it is left out. */
function firewallOf(nftables: string, iptables: string, tool: string | undefined): Firewall {
  const others = withoutOwnTable(nftables);
  const dropsInput =
    /hook input[^}]*policy drop/.test(others) ||
    /hook input[^}]*\b(drop|reject)\b[^}]*\}/.test(others) ||
    /^-P INPUT DROP$/m.test(iptables) ||
    /^-A INPUT -j (DROP|REJECT)/m.test(iptables);
  const stateful =
    /ct state( \{)?[^\n]*invalid[^\n]*drop/.test(others) ||
    /^-A .*(--ctstate|--state) \S*INVALID\S* .*-j DROP/m.test(iptables);
  return { dropsInput, stateful, tool: toolOf(tool, others, iptables) };
}

function toolOf(tool: string | undefined, nftables: string, iptables: string): Firewall["tool"] {
  if (tool === "firewalld" || tool === "ufw") return tool;
  // iptables-nft keeps its rules in tables that nft marks as managed by it.
  if (/^-A /m.test(iptables) || /^-P \S+ DROP$/m.test(iptables) || /xt (match|target)/.test(nftables))
    return "iptables";
  if (/managed by iptables-nft/.test(nftables)) return "iptables";
  return /\bhook (input|forward|prerouting)\b/.test(nftables) ? "nftables" : "none";
}

/** Tables end with a brace at the start of a line. */
function withoutOwnTable(ruleset: string): string {
  return ruleset.replace(/^table inet understudy\w* \{\n[\s\S]*?^\}\n?/gm, "");
}
