/** A host as a process of this machine: found by its command line alone, since pids are reused and files go stale. */
import { readdirSync, readFileSync } from "node:fs";
import { until } from "../machine/wait.ts";
import type { HostName } from "./address.ts";
import type { Places } from "./paths.ts";

/** A running host. */
export interface Machine {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** The host's running kernel, if it has one. */
export function findMachine(places: Places, host: HostName): Machine | undefined {
  return findMachines(places).get(host);
}

/** All running kernels of the lab. */
export function findMachines(places: Places): Map<string, Machine> {
  const found = new Map<string, Machine>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const argv = commandLine(name);
    if (!argv.includes(`lab.name=${places.name}`)) continue;
    const host = argv.find((word) => word.startsWith("lab.host="))?.slice("lab.host=".length);
    const pid = Number(name);
    // The kernel's helpers carry its command line as well; it leads their process group.
    if (host !== undefined && groupOf(pid) === pid) found.set(host, { pid, argv });
  }
  return found;
}

/** Sends a signal to the kernel and to the processes that carry its user space. */
export function signal(machine: Machine, name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(-machine.pid, name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  }
}

/** True when the host's processes are stopped. */
export function isPaused(machine: Machine): boolean {
  return state(machine.pid) === "T";
}

/** Waits until the kernel has ended. */
export function ended(machine: Machine, forMs: number): Promise<boolean> {
  return until(() => ["", "Z"].includes(state(machine.pid)), forMs, 20);
}

/** Memory of the host in MiB: the kernel and the processes of its user space, what they share counted once. */
export function memory(machine: Machine): number {
  let kilobytes = 0;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || groupOf(Number(name)) !== machine.pid) continue;
    kilobytes += Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${name}/smaps_rollup`))?.[1] ?? 0);
  }
  return Math.round(kilobytes / 1024);
}

function commandLine(pid: string): string[] {
  return read(`/proc/${pid}/cmdline`).split("\0");
}

/** Fields of /proc/PID/stat after the program's name: state, parent, process group, ... */
function stat(pid: number): string[] {
  return read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, "")
    .split(" ");
}

function state(pid: number): string {
  return stat(pid)[0] ?? "";
}

function groupOf(pid: number): number {
  return Number(stat(pid)[2]);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // It has ended meanwhile.
  }
}
