/** How long a client waits when something happens to the master. */
import type { HostName } from "../../infra/lab/address.ts";
import type { Lab } from "../../infra/lab/lab.ts";
import { waitFor } from "../../infra/tour/engine-status.ts";
import { pairConf, vip } from "./conf.ts";
import { type Engine, holds, must, type Part, processes, putText } from "./engines.ts";

const [master, standby]: [HostName, HostName] = ["lb1", "lb2"];
const priorities: Readonly<Record<string, number>> = { lb1: 100, lb2: 90 };

export interface FaultCase {
  name: string;
  strike(lab: Lab, engine: Engine): Promise<void>;
}

const kill = (part: Part): FaultCase => ({
  name: `kill -9 of the ${part === "supervisor" ? "supervisor" : `${part} process`}`,
  async strike(lab, engine) {
    const target = (await processes(lab, master, engine)).find((one) => one.part === part);
    if (!target) throw new Error(`${engine.name} on ${master} has no ${part} process`);
    await must(lab, master, ["kill", "-9", String(target.pid)]);
  },
});

export const faultCases: readonly FaultCase[] = [
  { name: "power cut", strike: (lab) => lab.cut(master) },
  kill("vrrp"),
  kill("check"),
  kill("supervisor"),
  {
    name: "planned stop",
    strike: async (lab, engine) => void (await must(lab, master, ["systemctl", "stop", engine.unit])),
  },
];

/** Brings the pair into its usual state: both engines up, the preferred one holds the address. */
export async function settle(lab: Lab, engine: Engine): Promise<void> {
  for (const host of [master, standby]) {
    if (lab.status().find((one) => one.host === host)?.power !== "on") await lab.start(host);
    await putText(lab, host, engine.config, pairConf(priorities[host] ?? 0));
    await lab.ssh(host, ["systemctl", "reset-failed", engine.unit]);
    await must(lab, host, ["systemctl", "restart", engine.unit]);
  }
  await waitFor(`${engine.name}: ${master} holds ${vip}`, 30_000, async () => {
    const [here, there] = await Promise.all([holds(lab, master, vip), holds(lab, standby, vip)]);
    return here && !there;
  });
  // The second set of gratuitous ARPs, and the client's own locktime, must be over.
  await new Promise((done) => setTimeout(done, 6_000));
}

/** The client's longest time without an answer, milliseconds. */
export async function gapAt(lab: Lab, engine: Engine, fault: FaultCase): Promise<number> {
  await settle(lab, engine);
  const watch = lab.watch("client", { host: vip, port: 80, protocol: "http" });
  await watch.ready;
  await new Promise((done) => setTimeout(done, 1_000));
  await fault.strike(lab, engine);
  await new Promise((done) => setTimeout(done, 8_000));
  return (await watch.stop()).gapMs;
}
