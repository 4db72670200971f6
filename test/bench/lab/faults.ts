/** How long a client waits when something happens to the master. */
import { setTimeout as delay } from "node:timers/promises";
import type { HostName } from "../../../infra/lab/address.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { waitFor } from "../../../infra/tour/engine-status.ts";
import { pairConf, vip } from "./conf.ts";
import { type Engine, engines, holds, must, type Part, processes, putText, type Running } from "./engines.ts";

const [master, standby]: [HostName, HostName] = ["lb1", "lb2"];
const priorities: Readonly<Record<string, number>> = { lb1: 100, lb2: 90 };

export interface FaultCase {
  name: string;
  /** Resolves to what is worth saying of it beside the gap. */
  strike(lab: Lab, engine: Engine): Promise<string | undefined>;
}

/** What the engine's processes on the master are 3 s after a blow: a gap of 0 is no success where nobody supervises. */
async function aftermath(lab: Lab, engine: Engine, before: readonly Running[]): Promise<string> {
  await delay(3_000);
  const after = await processes(lab, master, engine);
  const kept = after.filter((one) => before.some((former) => former.pid === one.pid));
  const fresh = after.filter((one) => !kept.includes(one)).map(({ part }) => part);
  const orphans = await orphansOf(lab, before, after);
  const words = [`new: ${fresh.join(", ") || "none"}`];
  if (orphans > 0) words.push(`${orphans} former processes run on outside`);
  if (!(await holds(lab, master, vip))) words.push("the address has moved to the standby");
  return words.join("; ");
}

async function orphansOf(lab: Lab, before: readonly Running[], after: readonly Running[]): Promise<number> {
  const gone = before.filter((one) => !after.some((later) => later.pid === one.pid));
  const results = await Promise.all(gone.map(({ pid }) => lab.ssh(master, ["kill", "-0", String(pid)])));
  return results.filter(({ code }) => code === 0).length;
}

const kill = (name: string, parts: readonly Part[]): FaultCase => ({
  name: `kill -9 of ${name}`,
  async strike(lab, engine) {
    const before = await processes(lab, master, engine);
    const targets = before.filter((one) => parts.includes(one.part));
    if (targets.length < parts.length)
      throw new Error(`${engine.name} on ${master} lacks one of its processes: ${parts.join(", ")}`);
    await must(lab, master, ["kill", "-9", ...targets.map(({ pid }) => String(pid))]);
    return aftermath(lab, engine, before);
  },
});

export const faultCases: readonly FaultCase[] = [
  {
    name: "power cut",
    strike: async (lab) => {
      await lab.cut(master);
      return undefined;
    },
  },
  kill("the vrrp process", ["vrrp"]),
  kill("the check process", ["check"]),
  kill("the supervisor", ["supervisor"]),
  kill("all processes at once", ["supervisor", "vrrp", "check"]),
  {
    name: "planned stop",
    strike: async (lab, engine) => {
      await must(lab, master, ["systemctl", "stop", engine.unit]);
      return undefined;
    },
  },
];

/** Brings the pair into its usual state: both engines up, the preferred one holds the address. */
export async function settle(lab: Lab, engine: Engine): Promise<void> {
  for (const host of [master, standby]) {
    if (lab.status().find((one) => one.host === host)?.power !== "on") await lab.start(host);
    for (const other of engines) if (other !== engine) await lab.ssh(host, ["systemctl", "stop", other.unit]);
    await putText(lab, host, engine.config, pairConf(priorities[host] ?? 0));
    await lab.ssh(host, ["systemctl", "reset-failed", engine.unit]);
    await must(lab, host, ["systemctl", "restart", engine.unit]);
  }
  await waitFor(`${engine.name}: ${master} holds ${vip}`, 30_000, async () => {
    const [here, there] = await Promise.all([holds(lab, master, vip), holds(lab, standby, vip)]);
    return here && !there;
  });
  // The second set of gratuitous ARPs, and the client's own locktime, must be over.
  await delay(6_000);
}

export interface Gap {
  /** The client's longest time without an answer. */
  ms: number;
  note: string | undefined;
}

/** Strikes, and tells what a client felt. */
export async function gapAt(lab: Lab, engine: Engine, fault: FaultCase): Promise<Gap> {
  await settle(lab, engine);
  const watch = lab.watch("client", { host: vip, port: 80, protocol: "http" });
  await watch.ready;
  await delay(1_000);
  const note = await fault.strike(lab, engine);
  await delay(8_000);
  return { ms: (await watch.stop()).gapMs, note };
}
