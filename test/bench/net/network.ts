/**
 * Two hosts and a switch in network namespaces of this machine: no virtual machine's noise between an engine and what
 * is measured.
 */
import { spawnSync } from "node:child_process";
import { userInfo } from "node:os";
import { must } from "../../../infra/machine/run.ts";

export type Side = "a" | "b";
export const sides: readonly Side[] = ["a", "b"];

/** An interface holds 255 virtual routers of a family, so thousands need several. */
export const perLink = 250;

/** Why there can be no such network here, or no keepalived beside us. */
export function netUnavailable(): string | undefined {
  if (userInfo().uid !== 0) return "needs root";
  const absent = ["ip", "unshare", "tcpdump", "keepalived", "taskset"].find(
    (program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0,
  );
  if (absent !== undefined) return `${absent} is not installed`;
  return spawnSync("unshare", ["--net", "true"]).status === 0 ? undefined : "no network namespaces here";
}

/** Newer kernels have the second limit, too, for each namespace. */
const unlimited =
  "cd /proc/sys/net/ipv4; echo 0 > icmp_ratelimit; { echo 1000000 > icmp_msgs_per_sec; } 2>/dev/null || true";

export class Network {
  readonly name = `bench-${process.pid}`;
  readonly links: number;

  private constructor(links: number) {
    this.links = links;
  }

  /** Each side has the interfaces e0, e1 ... and on each an address that ends in 1 (a) or 2 (b). */
  static async open(links = 1): Promise<Network> {
    const net = new Network(links);
    await net.close(); // an earlier part's
    const [a, b, s] = [net.of("a"), net.of("b"), net.of("switch")];
    const script = [a, b, s].flatMap((ns) => [`ip netns add ${ns}`, `ip -n ${ns} link set lo up`]);
    for (let link = 0; link < links; link++) {
      script.push(
        `ip -n ${s} link add br${link} type bridge mcast_snooping 0`,
        `ip -n ${s} link set br${link} up`,
        `ip -n ${s} address add ${address(link, 250)}/16 dev br${link}`,
      );
      for (const [at, side] of sides.entries()) {
        script.push(
          `ip -n ${net.of(side)} link add e${link} type veth peer name ${side}${link} netns ${s}`,
          `ip -n ${s} link set ${side}${link} master br${link} up`,
          `ip -n ${net.of(side)} address add ${address(link, at + 1)}/16 dev e${link}`,
          `ip -n ${net.of(side)} link set e${link} up`,
        );
      }
    }
    // The client's neighbour table takes an announcement at once, and hosts refuse as often as they are asked.
    script.push(
      `ip netns exec ${s} sh -c 'echo 0 > /proc/sys/net/ipv4/neigh/br0/locktime'`,
      ...[a, b].map((ns) => `ip netns exec ${ns} sh -c '${unlimited}'`),
    );
    await must(["sh", "-ec", script.join("\n")]);
    return net;
  }

  /** The name of a namespace. */
  of(place: Side | "switch"): string {
    return `${this.name}-${place}`;
  }

  /** Pulls the cables of a host, or puts them in again. */
  async connect(side: Side, connected: boolean): Promise<void> {
    const how = connected ? "up" : "down";
    const links = Array.from({ length: this.links }, (_, link) => `link set ${side}${link} ${how}\n`);
    await must(["ip", "-n", this.of("switch"), "-batch", "-"], { stdin: links.join("") });
  }

  /** How many addresses of this network a host has beyond its own. */
  async held(side: Side): Promise<number> {
    const text = await must(["ip", "-n", this.of(side), "-o", "-4", "address", "show", "scope", "global"]);
    return text.trimEnd().split("\n").length - this.links;
  }

  async close(): Promise<void> {
    for (const place of [...sides, "switch"] as const) {
      spawnSync("ip", ["netns", "del", this.of(place)], { stdio: "ignore" });
    }
  }
}

/** `last` may be more than 255: it goes on in the third byte. */
export function address(link: number, last: number): string {
  return `10.${20 + link}.${last >> 8}.${last & 255}`;
}

/** The addresses that the virtual routers hold. */
export const virtual = (link: number, number: number): string => address(link, 256 + number);
