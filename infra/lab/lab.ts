/** The lab as a whole: what the tour, the tests and the benchmarks work with. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beating, type Progress, quietly } from "../machine/progress.ts";
import { must, type Outcome, type RunOptions } from "../machine/run.ts";
import {
  address,
  asHost,
  defaultHosts,
  type HostName,
  hostNames,
  type Network,
  networks,
} from "./address.ts";
import { resetDisk, restoreDisks, saveDisks } from "./disk.ts";
import { type Fault, type FaultCount, faultCounts, faultRules } from "./faults.ts";
import { cutPower, pause, reachable, reboot, resume, running, switchOff, switchOn } from "./host.ts";
import { hasImage, image } from "./image.ts";
import { hasKernel, kernel } from "./kernel.ts";
import { findMachines, isPaused, memory } from "./machine.ts";
import { type Balance, balance, type Target, type Watch, type WatchOptions, watch } from "./measure.ts";
import { labName, type Places, placesOf } from "./paths.ts";
import { labUnavailable, requirePackages } from "./requirements.ts";
import { prepare, type Role } from "./roles/role.ts";
import {
  addFaults,
  clearFaults,
  hasNamespace,
  inNamespace,
  listFaults,
  raiseSegment,
  removeSegment,
} from "./segment.ts";
import { disconnect, ssh, sshFiles, writeSshFiles } from "./ssh.ts";

/** A host as it is now. */
export interface HostStatus {
  readonly host: HostName;
  readonly power: "on" | "off" | "paused";
  readonly pid?: number;
  /** MiB of this machine's memory. */
  readonly memory?: number;
}

/** A lab of virtual hosts. Opening one does nothing; `up` does. */
export interface Lab {
  readonly places: Places;
  /** Installs packages of this machine, builds the kernel and the disk: whatever of it is missing. */
  readonly build: (progress?: Progress) => Promise<void>;
  /** Builds what is missing, heals every fault, switches the hosts on, and waits until all let us in. */
  readonly up: (hosts?: readonly HostName[], progress?: Progress) => Promise<void>;
  /** Shuts the hosts down and removes the networks. Disks and keys stay for the next `up`. */
  readonly down: () => Promise<void>;
  /** Like `down`, at once and for good: disks, keys and snapshots go as well. */
  readonly destroy: () => Promise<void>;
  readonly status: () => HostStatus[];
  /** Runs a command on a host as root. Resolves whatever its exit code; 255 when the host can't be reached. */
  readonly ssh: (host: HostName, argv: readonly string[], options?: RunOptions) => Promise<Outcome>;
  /** Copies a file or folder to a host. */
  readonly put: (host: HostName, from: string, to: string) => Promise<void>;
  /** Wraps a command of this machine so that it reaches the hosts: `pulumi`, `ssh -F`, `curl`. */
  readonly command: (argv: readonly string[]) => string[];
  /** For `ssh -F` inside `command`, and what else needs to know the operator's key. */
  readonly sshFiles: () => {
    readonly config: string;
    readonly identity: string;
    readonly knownHosts: string;
  };
  /** Pulls the plug. */
  readonly cut: (host: HostName) => Promise<void>;
  /** Switches a host on and waits until it lets us in. */
  readonly start: (host: HostName) => Promise<void>;
  /** Shuts a host down in order. */
  readonly stop: (host: HostName) => Promise<void>;
  readonly reboot: (host: HostName) => Promise<void>;
  /** Stops a host where it stands, as a virtual machine that is not scheduled. */
  readonly pause: (host: HostName) => void;
  readonly resume: (host: HostName) => void;
  /** Cuts a host off, and throws its disk away: the next start is its first. */
  readonly reset: (host: HostName) => Promise<void>;
  /** Nothing passes between the two any more, in either direction. */
  readonly partition: (a: HostName, b: HostName, network?: Network) => Promise<void>;
  /** What `from` sends does not reach `to` any more. */
  readonly block: (from: HostName, to: HostName, network?: Network) => Promise<void>;
  /** The host is alone in that network. */
  readonly isolate: (host: HostName, network?: Network) => Promise<void>;
  /** A share of what `from` sends to `to` is lost. */
  readonly loss: (from: HostName, to: HostName, percent: number, network?: Network) => Promise<void>;
  /** All that the host sends comes later by so many milliseconds. */
  readonly delay: (host: HostName, ms: number, network?: Network) => Promise<void>;
  /** Takes every fault of the networks away. */
  readonly heal: () => Promise<void>;
  /** The faults in force, with the number of frames that each has taken. */
  readonly faults: () => Promise<FaultCount[]>;
  /** Keeps the disks of all hosts, which have to be off, under a name. */
  readonly save: (snapshot: string) => Promise<void>;
  /** Puts the disks back; the hosts have to be off. */
  readonly restore: (snapshot: string) => Promise<void>;
  /** Installs a service on a host; quick where it is there already. */
  readonly prepare: (host: HostName, role: Role) => Promise<void>;
  /** Begins to ask a service from a host, to find out how long it is silent. */
  readonly watch: (from: HostName, target: Target, options?: WatchOptions) => Watch;
  /** Counts which server answers how many of `count` connections. */
  readonly balance: (
    from: HostName,
    target: Target & { readonly user?: string; readonly password?: string },
    count: number,
  ) => Promise<Balance>;
}

/** Opens the lab of that name; without one, that of `UNDERSTUDY_LAB`, else `lab`. */
export function openLab(name: string = labName()): Lab {
  const places = placesOf(name);
  const faulty = (fault: Fault) => addFaults(places, faultRules(fault));
  return {
    places,
    build,
    up: (hosts = defaultHosts, progress = quietly) => up(places, hosts, progress),
    down: () => down(places, switchOff),
    destroy: async () => {
      await down(places, cutPower);
      rmSync(places.state, { recursive: true, force: true });
    },
    status: () => status(places),
    ssh: (host, argv, options) => ssh(places, host, argv, options),
    put: (host, from, to) => put(places, host, from, to),
    command: (argv) => inNamespace(places, argv),
    sshFiles: () => sshFiles(places),
    cut: (host) => cutPower(places, host),
    start: async (host) => {
      await switchOn(places, host);
      await reachable(places, host);
    },
    stop: (host) => switchOff(places, host),
    reboot: async (host) => {
      await reboot(places, host);
      await reachable(places, host);
    },
    pause: (host) => pause(places, host),
    resume: (host) => resume(places, host),
    reset: async (host) => {
      await cutPower(places, host);
      resetDisk(places, host);
    },
    partition: (a, b, network = "front") => faulty({ kind: "partition", a, b, network }),
    block: (from, to, network = "front") => faulty({ kind: "block", from, to, network }),
    isolate: (host, network = "front") => faulty({ kind: "isolate", host, network }),
    loss: (from, to, percent, network = "front") => faulty({ kind: "loss", from, to, percent, network }),
    delay: (host, ms, network = "front") => delay(places, host, ms, network),
    heal: () => heal(places),
    faults: async () => faultCounts(await listFaults(places)),
    save: (snapshot) => saveDisks(places, allOff(places), snapshot),
    restore: (snapshot) => restoreDisks(places, allOff(places), snapshot),
    prepare: (host, role) => prepare(places, host, role),
    watch: (from, target, options) => watch(places, from, target, options),
    balance: (from, target, count) => balance(places, from, target, count),
  };
}

/** Wraps a command of this machine so that it reaches the hosts of the lab that `UNDERSTUDY_LAB` names. */
export function labNamespaceCommand(argv: readonly string[]): string[] {
  return inNamespace(placesOf(labName()), argv);
}

async function build(progress: Progress = quietly): Promise<void> {
  const why = labUnavailable();
  if (why !== undefined) throw new Error(why);
  await requirePackages({ build: !hasKernel() || !hasImage() }, progress);
  // Side by side: the disk is mostly waiting for downloads and writes, the kernel is compiling.
  const results = await Promise.allSettled([kernel(progress), image(progress)]);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

async function up(places: Places, hosts: readonly HostName[], progress: Progress): Promise<void> {
  await build(progress);
  await writeSshFiles(places);
  const hadNamespace = await hasNamespace(places);
  await raiseSegment(places);
  if (!hadNamespace) await cutLostHosts(places);
  await Promise.all(hosts.map((host) => switchOn(places, host)));
  const arrival = Promise.all(hosts.map((host) => reachable(places, host)));
  await beating(progress, `booting ${hosts.join(", ")}`, arrival);
  await endDelays(places);
}

/** Hosts whose namespace was taken away under them run on, but in a network that nobody else is in. */
async function cutLostHosts(places: Places): Promise<void> {
  for (const host of findMachines(places).keys()) await cutPower(places, asHost(host));
}

async function down(places: Places, off: (places: Places, host: HostName) => Promise<void>): Promise<void> {
  await Promise.all([...findMachines(places).keys()].map((host) => off(places, asHost(host))));
  for (const host of hostNames) await disconnect(places, host);
  await removeSegment(places);
  rmSync(places.run, { recursive: true, force: true });
}

function status(places: Places): HostStatus[] {
  const machines = findMachines(places);
  return hostNames.map((host) => {
    const machine = machines.get(host);
    if (!machine) return { host, power: "off" };
    return { host, power: isPaused(machine) ? "paused" : "on", pid: machine.pid, memory: memory(machine) };
  });
}

function allOff(places: Places): readonly HostName[] {
  const on = [...findMachines(places).keys()];
  if (on.length > 0) throw new Error(`snapshots are for hosts that are off; still on: ${on.join(", ")}`);
  return hostNames;
}

async function put(places: Places, host: HostName, from: string, to: string): Promise<void> {
  const scp = ["scp", "-q", "-r", "-F", sshFiles(places).config, from, `${host}:${to}`];
  await must(inNamespace(places, scp), { timeoutMs: 120_000 });
}

function delayMark(places: Places, host: HostName, network: Network): string {
  return join(places.run, `delay-${host}-${network}`);
}

async function delay(places: Places, host: HostName, ms: number, network: Network): Promise<void> {
  running(places, host);
  if (network === "mgmt") throw new Error(`delaying mgmt would delay the operator; expected front or back`);
  const argv = [
    "tc",
    "qdisc",
    "replace",
    "dev",
    networks[network].device,
    "root",
    "netem",
    "delay",
    `${ms}ms`,
  ];
  const { stderr, code } = await ssh(places, host, argv);
  if (code !== 0) throw new Error(`delay on ${host} (${address(host, network)}): ${stderr.trim()}`);
  writeFileSync(delayMark(places, host, network), "");
}

async function endDelays(places: Places): Promise<void> {
  const machines = findMachines(places);
  for (const host of hostNames) {
    for (const network of ["front", "back"] as const) {
      const mark = delayMark(places, host, network);
      if (!existsSync(mark)) continue;
      // A host that is off, or was since, has forgotten it.
      const argv = ["tc", "qdisc", "del", "dev", networks[network].device, "root"];
      if (machines.has(host)) await ssh(places, host, argv, { timeoutMs: 10_000 });
      rmSync(mark);
    }
  }
}

async function heal(places: Places): Promise<void> {
  await clearFaults(places);
  await endDelays(places);
}
