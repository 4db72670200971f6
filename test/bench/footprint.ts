/** Memory and processor time of an engine's processes. */
import type { HostName } from "../../infra/lab/address.ts";
import type { Lab } from "../../infra/lab/lab.ts";
import { type Engine, must, processes } from "./engines.ts";

export interface Memory {
  /** Sum over the processes, kB; pages that they share count in each. */
  rssKb: number;
  /** Sum over the processes, kB; shared pages are divided among those who share them. */
  pssKb: number;
}

export async function memoryOf(lab: Lab, host: HostName, engine: Engine): Promise<Memory> {
  const files = (await processes(lab, host, engine)).map(({ pid }) => `/proc/${pid}/smaps_rollup`);
  const text = await must(lab, host, ["cat", ...files]);
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}:\\s+(\\d+) kB`, "gm"))].reduce(
      (all, found) => all + Number(found[1]),
      0,
    );
  return { rssKb: sum("Rss"), pssKb: sum("Pss") };
}

/** Processor time that the processes have used so far, nanoseconds (/proc/PID/schedstat). */
export async function cpuOf(lab: Lab, host: HostName, engine: Engine): Promise<number> {
  const files = (await processes(lab, host, engine)).map(({ pid }) => `/proc/${pid}/schedstat`);
  const text = await must(lab, host, ["cat", ...files]);
  return text.split("\n").reduce((all, line) => all + Number(line.split(" ")[0] || 0), 0);
}
