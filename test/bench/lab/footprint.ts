/** Memory of an engine's processes, and what a virtual host costs the machine under it. */
import type { HostName } from "../../../infra/lab/address.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { type Memory, memoryIn, type Runtimes, runtimesOf } from "../processes.ts";
import { type Engine, must, processes } from "./engines.ts";

export async function memoryOn(
  lab: Lab,
  host: HostName,
  engine: Engine,
): Promise<Memory & { processes: number }> {
  const files = (await processes(lab, host, engine)).map(({ pid }) => `/proc/${pid}/smaps_rollup`);
  return { ...memoryIn(await must(lab, host, ["cat", ...files])), processes: files.length };
}

/**
 * What a virtual host has used so far, as this machine counts it: the host's own clock of processor time has ticks of
 * 10 ms, far too coarse for an advert. Its kernel's work is in it, and that of whatever else runs on it: compare with the
 * same host without an engine.
 */
export function runtimesOn(lab: Lab, host: HostName): Runtimes {
  const pid = lab.status().find((one) => one.host === host)?.pid;
  if (pid === undefined) throw new Error(`${host} is off: its processor time can't be read`);
  return runtimesOf(pid);
}
