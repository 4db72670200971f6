/**
 * `npm run bench [-- ROUNDS]`: Understudy beside Debian's keepalived, in the lab: the same hosts, the same configuration
 * files, one run. Prints what it measured; decides nothing.
 */
import type { HostName } from "../../infra/lab/address.ts";
import { type Lab, openLab } from "../../infra/lab/lab.ts";
import { labUnavailable } from "../../infra/lab/requirements.ts";
import { web } from "../../infra/lab/roles/web.ts";
import { waitFor } from "../../infra/tour/engine-status.ts";
import { masterDownMs } from "../../infra/tour/report.ts";
import { manyConf } from "./conf.ts";
import { type Engine, engines, holds, must, putText } from "./engines.ts";
import { faultCases, gapAt, settle } from "./faults.ts";
import { cpuOf, memoryOf } from "./footprint.ts";

const hosts: HostName[] = ["lb1", "lb2"];
const instances = 250;
const cpuSeconds = 20;

type Figures = Record<string, number>;
const say = (text: string) => process.stderr.write(`${text}\n`);
const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function measure(lab: Lab, engine: Engine, rounds: number): Promise<Figures> {
  const figures: Figures = {};
  for (const fault of faultCases) {
    const gaps: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      gaps.push(await gapAt(lab, engine, fault));
      say(`${engine.name}: ${fault.name}, round ${round} of ${rounds}: ${Math.round(gaps.at(-1) ?? 0)} ms`);
    }
    figures[`gap, ${fault.name}, ms (median of ${rounds})`] = median(gaps);
    figures[`gap, ${fault.name}, ms (worst)`] = Math.max(...gaps);
  }
  await settle(lab, engine);
  const { rssKb, pssKb } = await memoryOf(lab, "lb1", engine);
  figures["RSS of all processes, kB"] = rssKb;
  figures["PSS of all processes, kB"] = pssKb;
  return { ...figures, ...(await atScale(lab, engine)) };
}

/** Processor time of the master at 250 instances with an advert a second each. */
async function atScale(lab: Lab, engine: Engine): Promise<Figures> {
  say(`${engine.name}: ${instances} instances, ${cpuSeconds} s`);
  for (const host of hosts) {
    await putText(lab, host, engine.config, manyConf(instances, host === "lb1" ? 100 : 90));
    await must(lab, host, ["systemctl", "restart", engine.unit]);
  }
  await waitFor(`${engine.name}: the last address is up`, 60_000, () =>
    holds(lab, "lb1", `10.20.1.${instances}`),
  );
  await new Promise((done) => setTimeout(done, 12_000));
  const [before, beforeStandby] = [await cpuOf(lab, "lb1", engine), await cpuOf(lab, "lb2", engine)];
  await new Promise((done) => setTimeout(done, cpuSeconds * 1000));
  const used = (await cpuOf(lab, "lb1", engine)) - before;
  const usedStandby = (await cpuOf(lab, "lb2", engine)) - beforeStandby;
  const { pssKb } = await memoryOf(lab, "lb1", engine);
  const adverts = instances * cpuSeconds;
  return {
    [`CPU per advert sent, us (${instances} instances)`]: used / 1000 / adverts,
    [`CPU per advert received, us (${instances} instances)`]: usedStandby / 1000 / adverts,
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
  await lab.up([...hosts, "client"], say);
  await lab.heal();
  await Promise.all(hosts.map((host) => lab.prepare(host, web())));
  const results = new Map<string, Figures>();
  for (const engine of engines) {
    await Promise.all(hosts.map((host) => engine.install(lab, host)));
    results.set(engine.name, await measure(lab, engine, rounds));
    for (const host of hosts) await lab.ssh(host, ["systemctl", "stop", engine.unit]);
  }
  await lab.down();
  print(results);
  return 0;
}

function print(results: Map<string, Figures>): void {
  const [peer, own] = [results.get("keepalived") ?? {}, results.get("understudy") ?? {}];
  const row = (...cells: string[]) =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(56) : cell.padStart(12))).join("");
  const figure = (value: number | undefined) =>
    value === undefined ? "-" : value.toFixed(value < 100 ? 1 : 0);
  console.log(row("", "keepalived", "understudy", "ratio"));
  for (const name of Object.keys(own)) {
    const [theirs, ours] = [peer[name], own[name]];
    const ratio = theirs && ours !== undefined ? (ours / theirs).toFixed(2) : "-";
    console.log(row(name, figure(theirs), figure(ours), ratio));
  }
  console.log(`protocol's bound for a takeover at priority 90: ${Math.round(masterDownMs(1000, 90))} ms`);
}

process.exitCode = await main(Number(process.argv[2] ?? 3));
