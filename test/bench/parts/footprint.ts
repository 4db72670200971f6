/** Processor time per advert and memory, from no instance to a thousand. */
import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../../infra/tour/engine-status.ts";
import { confOf, many } from "../net/conf.ts";
import { engineNames, Running } from "../net/engine.ts";
import { Network, netUnavailable, perLink, type Side, sides } from "../net/network.ts";
import type { Part } from "../part.ts";
import { memoryOf, runtimesOf, used } from "../processes.ts";
import type { EngineName, Work } from "../report.ts";

const counts = [250, 1000];
const cpuSeconds = 20;
/** An engine lets go of what only its start needed within this. */
const restSeconds = 35;

/** Both hosts with the same number of routers; the first one master of all. */
async function pair(
  net: Network,
  engines: Record<Side, EngineName>,
  count: number,
  measure: (running: Record<Side, Running>) => Promise<void>,
): Promise<void> {
  const start = (side: Side) => Running.start(net, side, engines[side], confOf(side, many(count)));
  const a = await start("a");
  const running = { a, b: undefined as Running | undefined };
  try {
    await waitFor(`${engines.a}: master of ${count}`, 60_000, async () => (await net.held("a")) === count);
    const b = await start("b");
    running.b = b;
    await delay(15_000);
    if ((await net.held("b")) !== 0)
      throw new Error(`${engines.b} took over from a living master: ${b.log()}`);
    await measure({ a, b });
    if ((await net.held("a")) !== count) throw new Error(`${engines.a} lost addresses: ${a.log()}`);
  } finally {
    await Promise.all([running.b?.stop(), a.stop()]);
  }
}

/** What each host's engine has used per advert, us. */
async function perAdvert(running: Record<Side, Running>, count: number): Promise<Record<Side, number>> {
  const before = { a: runtimesOf(running.a.pid), b: runtimesOf(running.b.pid) };
  await delay(cpuSeconds * 1000);
  const each = (side: Side) =>
    used(before[side], runtimesOf(running[side].pid)) / 1000 / (count * cpuSeconds);
  return { a: each("a"), b: each("b") };
}

export const cpu: Part = {
  name: "cpu",
  title: `processor time per advert, as master and as backup, at ${counts.join(" and ")} instances`,
  unavailable: netUnavailable,
  async run(work) {
    for (const count of counts) {
      const net = await Network.open(Math.ceil(count / perLink));
      try {
        for (const engine of engineNames) await cpuOf(net, engine, count, work);
      } finally {
        await net.close();
      }
    }
  },
};

async function cpuOf(net: Network, engine: EngineName, count: number, work: Work): Promise<void> {
  const name = (what: string) => `CPU per advert ${what}, ${count} instances`;
  const figure = (what: string, us: number, ratio: number) =>
    work.figure(engine, name(what), "us", us, { ratio });
  work.say(`${engine}: ${count} instances on both hosts`);
  await pair(net, { a: engine, b: engine }, count, async (running) => {
    const { a, b } = await perAdvert(running, count);
    figure("sent", a, 0.2);
    figure("received", b, 0.2);
  });
  if (engine === "keepalived") return;
  // Our master's adverts leave together, so that its backup wakes up less often: here it has no such luck.
  work.say(`${engine}: ${count} instances as backup of keepalived`);
  await pair(net, { a: "keepalived", b: engine }, count, async (running) => {
    const { b } = await perAdvert(running, count);
    work.note(`${count} instances, backup of keepalived: ${b.toFixed(1)} us per advert received`);
  });
}

export const memory: Part = {
  name: "memory",
  title: `PSS of all processes of a master at 0, ${counts.join(" and ")} instances`,
  unavailable: netUnavailable,
  async run(work) {
    for (const engine of engineNames) {
      const pss: number[] = [];
      for (const count of [0, ...counts]) pss.push(await memoryAt(engine, count, work));
      const [none = 0, , most = 0] = pss;
      const growth = (most - none) / 1000;
      work.figure(engine, "PSS, growth per instance", "kB", growth, { ratio: 1 });
    }
  },
};

async function memoryAt(engine: EngineName, count: number, work: Work): Promise<number> {
  const net = await Network.open(Math.max(1, Math.ceil(count / perLink)));
  work.say(`${engine}: ${count} instances, after ${restSeconds} s`);
  const running = await Running.start(net, sides[0] ?? "a", engine, confOf("a", many(count)));
  try {
    await waitFor(`${engine}: master of ${count}`, 60_000, async () => (await net.held("a")) === count);
    await delay(restSeconds * 1000);
    const { pssKb, anonymousKb } = memoryOf(running.pid);
    work.figure(engine, `PSS, ${count} instances`, "kB", pssKb, { ratio: 0.6 });
    work.figure(engine, `  of it no file's, ${count} instances`, "kB", anonymousKb);
    return pssKb;
  } finally {
    await running.stop();
    await net.close();
  }
}
