/** A pair of lab hosts, systemd and all: how long a client waits when something happens to the master; footprint. */
import { setTimeout as delay } from "node:timers/promises";
import type { HostName } from "../../../infra/lab/address.ts";
import { type Lab, openLab } from "../../../infra/lab/lab.ts";
import { labUnavailable } from "../../../infra/lab/requirements.ts";
import { web } from "../../../infra/lab/roles/web.ts";
import { waitFor } from "../../../infra/tour/engine-status.ts";
import { masterDownMs } from "../../../infra/tour/report.ts";
import type { Part } from "../part.ts";
import { used } from "../processes.ts";
import { quantile, type Work } from "../report.ts";
import { manyConf } from "./conf.ts";
import { type Engine, engines, holds, must, putText } from "./engines.ts";
import { faultCases, gapAt, settle } from "./faults.ts";
import { memoryOn, runtimesOn } from "./footprint.ts";

const hosts: HostName[] = ["lb1", "lb2"];
const instances = 250;
const cpuSeconds = 20;

/** An engine lets go of what only its start needed within this. */
const restSeconds = 40;

export const lab: Part = {
  name: "lab",
  title: "a pair of lab hosts with systemd: gaps of a client after six faults, memory, processor time",
  unavailable: labUnavailable,
  async run(work) {
    const lab = openLab(process.env.UNDERSTUDY_LAB ?? "bench");
    try {
      await lab.up([...hosts, "client"], work.say);
      await lab.heal();
      await Promise.all(hosts.map((host) => lab.prepare(host, web())));
      for (const engine of engines) {
        await Promise.all(hosts.map((host) => engine.install(lab, host)));
        await gaps(lab, engine, work);
        await footprint(lab, engine, work);
        await atScale(lab, engine, work);
        for (const host of hosts) await lab.ssh(host, ["systemctl", "stop", engine.unit]);
      }
      work.note(`protocol's bound for a takeover at priority 90: ${Math.round(masterDownMs(1000, 90))} ms`);
    } finally {
      await lab.destroy();
    }
  },
};

async function gaps(lab: Lab, engine: Engine, work: Work): Promise<void> {
  for (const fault of faultCases) {
    const all: number[] = [];
    for (let round = 1; round <= work.rounds; round++) {
      const { ms, note } = await gapAt(lab, engine, fault);
      all.push(ms);
      const text = note === undefined ? "" : ` (${note})`;
      work.say(
        `${engine.name}: ${fault.name}, round ${round} of ${work.rounds}: ${Math.round(ms)} ms${text}`,
      );
      if (note !== undefined && round === work.rounds) work.note(`${engine.name}, ${fault.name}: ${note}`);
    }
    if (all.length > 0) work.figure(engine.name, `gap, ${fault.name} (median)`, "ms", quantile(all, 0.5));
    if (all.length > 1) work.figure(engine.name, `gap, ${fault.name} (worst)`, "ms", Math.max(...all));
  }
}

async function footprint(lab: Lab, engine: Engine, work: Work): Promise<void> {
  await settle(lab, engine);
  work.say(`${engine.name}: memory, after ${restSeconds} s`);
  await delay(restSeconds * 1000);
  const memory = await memoryOn(lab, "lb1", engine);
  work.figure(engine.name, "RSS of all processes", "kB", memory.rssKb);
  work.figure(engine.name, "PSS of all processes", "kB", memory.pssKb);
  work.figure(engine.name, "  of it no file's", "kB", memory.anonymousKb);
  work.note(`${engine.name}, memory: of ${memory.processes} processes`);
}

/** What each host costs this machine in `cpuSeconds`, nanoseconds. */
async function costs(lab: Lab): Promise<number[]> {
  const before = hosts.map((host) => runtimesOn(lab, host));
  await delay(cpuSeconds * 1000);
  return hosts.map((host, at) => used(before[at] ?? new Map(), runtimesOn(lab, host)));
}

/** Processor time of both hosts at 250 instances with an advert a second each, beyond what they take without an engine. */
async function atScale(lab: Lab, engine: Engine, work: Work): Promise<void> {
  work.say(`${engine.name}: ${cpuSeconds} s without an engine, then with ${instances} instances`);
  for (const host of hosts) await must(lab, host, ["systemctl", "stop", engine.unit]);
  await delay(15_000);
  const idle = await costs(lab);
  for (const host of hosts) {
    await putText(lab, host, engine.config, manyConf(instances, host === "lb1" ? 100 : 90));
    await must(lab, host, ["systemctl", "restart", engine.unit]);
  }
  await waitFor(`${engine.name}: the last address is up`, 60_000, () =>
    holds(lab, "lb1", `10.20.1.${instances}`),
  );
  await delay(restSeconds * 1000);
  const busy = await costs(lab);
  const { pssKb } = await memoryOn(lab, "lb1", engine);
  const each = (at: number) => ((busy[at] ?? 0) - (idle[at] ?? 0)) / 1000 / (instances * cpuSeconds);
  const of = `(${instances} instances)`;
  work.figure(engine.name, `CPU of the host per advert sent ${of}`, "us", each(0));
  work.figure(engine.name, `CPU of the host per advert received ${of}`, "us", each(1));
  work.figure(engine.name, `PSS ${of}`, "kB", pssKb);
}
