/**
 * `npm run bench [-- ROUNDS]`: Understudy beside Debian's keepalived, in the lab: the same hosts, the same configuration
 * files, one run. Prints what it measured; decides nothing. 0 rounds: only memory and processor time.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { HostName } from "../../infra/lab/address.ts";
import { type Lab, openLab } from "../../infra/lab/lab.ts";
import { labUnavailable } from "../../infra/lab/requirements.ts";
import { web } from "../../infra/lab/roles/web.ts";
import { waitFor } from "../../infra/tour/engine-status.ts";
import { masterDownMs } from "../../infra/tour/report.ts";
import { manyConf } from "./conf.ts";
import { type Engine, engines, holds, must, putText } from "./engines.ts";
import { faultCases, gapAt, settle } from "./faults.ts";
import { memoryOf, runtimesOf, used } from "./footprint.ts";

const hosts: HostName[] = ["lb1", "lb2"];
const instances = 250;
const cpuSeconds = 20;

/** An engine lets go of what only its start needed within this. */
const restSeconds = 40;

type Figures = Record<string, number>;
interface Result {
  figures: Figures;
  notes: string[];
}
const say = (text: string) => process.stderr.write(`${text}\n`);
const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function measure(lab: Lab, engine: Engine, rounds: number): Promise<Result> {
  const figures: Figures = {};
  const notes: string[] = [];
  for (const fault of rounds > 0 ? faultCases : []) {
    const gaps: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const { ms, note } = await gapAt(lab, engine, fault);
      gaps.push(ms);
      const text = note === undefined ? "" : ` (${note})`;
      say(`${engine.name}: ${fault.name}, round ${round} of ${rounds}: ${Math.round(ms)} ms${text}`);
      if (note !== undefined && round === rounds) notes.push(`${engine.name}, ${fault.name}: ${note}`);
    }
    figures[`gap, ${fault.name}, ms (median of ${rounds})`] = median(gaps);
    if (rounds > 1) figures[`gap, ${fault.name}, ms (worst)`] = Math.max(...gaps);
  }
  await settle(lab, engine);
  say(`${engine.name}: memory, after ${restSeconds} s`);
  await delay(restSeconds * 1000);
  const memory = await memoryOf(lab, "lb1", engine);
  figures["RSS of all processes, kB"] = memory.rssKb;
  figures["PSS of all processes, kB"] = memory.pssKb;
  figures["  of it no file's, kB"] = memory.anonymousKb;
  notes.push(`${engine.name}, memory: of ${memory.processes} processes`);
  return { figures: { ...figures, ...(await atScale(lab, engine)) }, notes };
}

/** What each host costs this machine in `cpuSeconds`, nanoseconds. */
async function costs(lab: Lab): Promise<number[]> {
  const before = hosts.map((host) => runtimesOf(lab, host));
  await delay(cpuSeconds * 1000);
  return hosts.map((host, at) => used(before[at] ?? new Map(), runtimesOf(lab, host)));
}

/** Processor time of both hosts at 250 instances with an advert a second each, beyond what they take without an engine. */
async function atScale(lab: Lab, engine: Engine): Promise<Figures> {
  say(`${engine.name}: ${cpuSeconds} s without an engine, then with ${instances} instances`);
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
  const { pssKb } = await memoryOf(lab, "lb1", engine);
  const each = (at: number) => ((busy[at] ?? 0) - (idle[at] ?? 0)) / 1000 / (instances * cpuSeconds);
  return {
    [`CPU of the host per advert sent, us (${instances} instances)`]: each(0),
    [`CPU of the host per advert received, us (${instances} instances)`]: each(1),
    [`PSS with ${instances} instances, kB`]: pssKb,
  };
}

async function main(rounds: number): Promise<number> {
  const why = labUnavailable();
  if (why) {
    say(why);
    return 1;
  }
  const lab = openLab(process.env.UNDERSTUDY_LAB ?? "bench");
  const results = new Map<string, Result>();
  try {
    await lab.up([...hosts, "client"], say);
    await lab.heal();
    await Promise.all(hosts.map((host) => lab.prepare(host, web())));
    for (const engine of engines) {
      await Promise.all(hosts.map((host) => engine.install(lab, host)));
      results.set(engine.name, await measure(lab, engine, rounds));
      for (const host of hosts) await lab.ssh(host, ["systemctl", "stop", engine.unit]);
    }
  } catch (error) {
    say(`bench: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await lab.destroy();
  }
  print(results);
  return results.size === engines.length ? 0 : 1;
}

function print(results: Map<string, Result>): void {
  const [peer, own] = [results.get("keepalived")?.figures ?? {}, results.get("understudy")?.figures ?? {}];
  const row = (...cells: string[]) =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(64) : cell.padStart(12))).join("");
  const figure = (value: number | undefined) =>
    value === undefined ? "-" : value.toFixed(value < 100 ? 1 : 0);
  console.log(row("", "keepalived", "understudy", "ratio"));
  for (const name of Object.keys({ ...peer, ...own })) {
    const [theirs, ours] = [peer[name], own[name]];
    const ratio = theirs && ours !== undefined ? (ours / theirs).toFixed(2) : "-";
    console.log(row(name, figure(theirs), figure(ours), ratio));
  }
  for (const { notes } of results.values()) for (const note of notes) console.log(note);
  console.log(`protocol's bound for a takeover at priority 90: ${Math.round(masterDownMs(1000, 90))} ms`);
}

process.exitCode = await main(Number(process.argv[2] ?? 3));
