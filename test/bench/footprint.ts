/** Memory of an engine's processes, and what a virtual host costs the machine under it. */
import { readdirSync, readFileSync } from "node:fs";
import type { HostName } from "../../infra/lab/address.ts";
import type { Lab } from "../../infra/lab/lab.ts";
import { type Engine, must, processes } from "./engines.ts";

export interface Memory {
  /** Sum over the processes, kB; pages that they share count in each. */
  rssKb: number;
  /** Sum over the processes, kB; shared pages are divided among those who share them. */
  pssKb: number;
  /** The part of `pssKb` that is no file's: it can't be dropped and read again. */
  anonymousKb: number;
  processes: number;
}

export async function memoryOf(lab: Lab, host: HostName, engine: Engine): Promise<Memory> {
  const files = (await processes(lab, host, engine)).map(({ pid }) => `/proc/${pid}/smaps_rollup`);
  const text = await must(lab, host, ["cat", ...files]);
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}:\\s+(\\d+) kB`, "gm"))].reduce(
      (all, found) => all + Number(found[1]),
      0,
    );
  return { rssKb: sum("Rss"), pssKb: sum("Pss"), anonymousKb: sum("Pss_Anon"), processes: files.length };
}

/** Processor time that each thread of a virtual host has used so far on this machine, nanoseconds, by its number. */
export type Runtimes = ReadonlyMap<number, number>;

/**
 * What a virtual host has used so far, as this machine counts it: the host's own clock of processor time has ticks of
 * 10 ms, far too coarse for an advert. Its kernel's work is in it, and that of whatever else runs on it: compare with the
 * same host without an engine.
 */
export function runtimesOf(lab: Lab, host: HostName): Runtimes {
  const pid = lab.status().find((one) => one.host === host)?.pid;
  if (pid === undefined) throw new Error(`${host} is off: its processor time can't be read`);
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const parent = /^\d+$/.test(name) ? parentOf(Number(name)) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const family = (of: number): number[] => [of, ...(children.get(of) ?? []).flatMap(family)];
  return new Map(family(pid).flatMap(threadsOf));
}

/** What was used between two looks. A process that ended in between takes its last moments along. */
export function used(before: Runtimes, after: Runtimes): number {
  return [...after].reduce((sum, [thread, runtime]) => sum + runtime - (before.get(thread) ?? 0), 0);
}

function parentOf(pid: number): number | undefined {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  return text === "" ? undefined : Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
}

function threadsOf(pid: number): [number, number][] {
  let threads: string[] = [];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {} // It has ended.
  return threads.map((thread) => {
    const text = readOrEmpty(`/proc/${pid}/task/${thread}/schedstat`);
    return [Number(thread), Number(text.split(" ")[0] || 0)];
  });
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
