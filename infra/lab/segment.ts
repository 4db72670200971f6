/** The lab's networks: bridges in a network namespace. Nothing of the machine's own network is touched. */

import { must, run } from "../machine/run.ts";
import { type HostName, networkNames, networks, tap } from "./address.ts";
import type { Places } from "./paths.ts";

/**
 * Wraps a command so that it runs inside the lab's networks, where the hosts' addresses can be reached. The
 * machine's other networks are out of reach in there; its file system, and loopback, are as ever.
 */
export function inNamespace(places: Places, argv: readonly string[]): string[] {
  return ["ip", "netns", "exec", places.namespace, ...argv];
}

/** True when the namespace is there; its name alone may outlive it, where /run is kept. */
export async function hasNamespace(places: Places): Promise<boolean> {
  return (await run(inNamespace(places, ["true"]))).code === 0;
}

/** The table that faults are rules of, empty. */
const table = `table bridge lab
delete table bridge lab
table bridge lab {
  chain forward { type filter hook forward priority -200; }
  chain input { type filter hook input priority -200; }
  chain output { type filter hook output priority -200; }
}
`;
// Priority -200 comes before bridge netfilter, which hides IPv4 frames from whoever comes later. "input" and
// "output" are what a host and the machine itself send each other.

/** Makes the namespace and its bridges, or what is missing of them. Faults of an earlier run are gone after it. */
export async function raiseSegment(places: Places): Promise<void> {
  if (!(await hasNamespace(places))) {
    await run(["ip", "netns", "del", places.namespace]);
    await must(["ip", "netns", "add", places.namespace]);
  }
  const script = [
    "ip link set lo up",
    "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad",
    // Frames must not wander through this namespace's firewall either. Absent where there is no bridge netfilter.
    "for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $f ] || echo 0 >$f; done",
    ...networkNames.flatMap((name) => [
      `if [ ! -e /sys/class/net/${name} ]; then`,
      `  ip link add ${name} type bridge mcast_snooping 0 forward_delay 0 ageing_time 30000`,
      `  ip addr add ${networks[name].prefix4}1/24 dev ${name}`,
      `  ip addr add ${networks[name].prefix6}1/64 dev ${name} nodad`,
      `fi`,
      `ip link set ${name} up`,
    ]),
  ].join("\n");
  await must(inNamespace(places, ["sh", "-euc", script]));
  await clearFaults(places);
}

/**
 * Gives a host its place on every bridge. Frames are cut to the MTU before they reach it (gso_max_segs): its receive
 * buffers hold no longer one, and what is cut off there costs TCP a timeout each.
 */
export async function plugIn(places: Places, host: HostName): Promise<void> {
  const script = networkNames
    .map((name) => {
      const device = tap(host, name);
      return `[ -e /sys/class/net/${device} ] || ip tuntap add ${device} mode tap
ip link set ${device} master ${name} gso_max_segs 1 up`;
    })
    .join("\n");
  await must(inNamespace(places, ["sh", "-euc", script]));
}

/** Loads rules into the table of faults. */
export async function addFaults(places: Places, rules: readonly string[]): Promise<void> {
  await must(inNamespace(places, ["nft", "-f", "-"]), { stdin: rules.map((rule) => `${rule}\n`).join("") });
}

/** Takes every fault of the networks away. */
export async function clearFaults(places: Places): Promise<void> {
  await must(inNamespace(places, ["nft", "-f", "-"]), { stdin: table });
}

/** The table of faults, as nft's JSON. */
export function listFaults(places: Places): Promise<string> {
  return must(inNamespace(places, ["nft", "-j", "list", "table", "bridge", "lab"]));
}

/** Removes the namespace, and all devices with it. */
export async function removeSegment(places: Places): Promise<void> {
  const { code, stderr } = await run(["ip", "netns", "del", places.namespace]);
  if (code !== 0 && (await hasNamespace(places))) {
    throw new Error(`remove the namespace ${places.namespace}: ${stderr.trim()}`);
  }
}
