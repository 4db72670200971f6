/** Processor time and memory of running processes and all that they have started, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Processor time that each thread has used so far, nanoseconds, by its number. */
export type Runtimes = ReadonlyMap<number, number>;

export interface Memory {
  /** Sum over the processes, kB; pages that they share count in each. */
  rssKb: number;
  /** Sum over the processes, kB; shared pages are divided among those who share them. */
  pssKb: number;
  /** The part of `pssKb` that is no file's: it can't be dropped and read again. */
  anonymousKb: number;
}

/** A process and its descendants. */
export function family(leader: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const parent = /^\d+$/.test(name) ? parentOf(Number(name)) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const below = (of: number): number[] => [of, ...(children.get(of) ?? []).flatMap(below)];
  return below(leader);
}

/** Of a process and its descendants. */
export function runtimesOf(leader: number): Runtimes {
  return new Map(family(leader).flatMap(threadsOf));
}

/** What was used between two looks, nanoseconds. A process that ended in between takes its last moments along. */
export function used(before: Runtimes, after: Runtimes): number {
  return [...after].reduce((sum, [thread, runtime]) => sum + runtime - (before.get(thread) ?? 0), 0);
}

/** Sums up what the kernel says in `smaps_rollup`, of one or more processes. */
export function memoryIn(rollups: string): Memory {
  const sum = (name: string) =>
    [...rollups.matchAll(new RegExp(`^${name}:\\s+(\\d+) kB`, "gm"))].reduce(
      (all, found) => all + Number(found[1]),
      0,
    );
  return { rssKb: sum("Rss"), pssKb: sum("Pss"), anonymousKb: sum("Pss_Anon") };
}

/** Of a process and its descendants. */
export function memoryOf(leader: number): Memory {
  return memoryIn(
    family(leader)
      .map((pid) => readOrEmpty(`/proc/${pid}/smaps_rollup`))
      .join(""),
  );
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
