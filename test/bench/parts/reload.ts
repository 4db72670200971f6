/** A thousand instances read their configuration again: do adverts wait for that? */
import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../../infra/tour/engine-status.ts";
import { beats, capture, type Frame, intervals } from "../net/capture.ts";
import { confOf, many, type Router } from "../net/conf.ts";
import { engineNames, Running } from "../net/engine.ts";
import { address, Network, netUnavailable, perLink } from "../net/network.ts";
import type { Part } from "../part.ts";
import type { EngineName, Work } from "../report.ts";

const count = 1000;
const advertMs = 1000;

/** What is different afterwards. */
const changes: readonly { name: string; change: (routers: Router[]) => Router[] }[] = [
  {
    name: "one priority",
    change: (all) => all.map((one, at) => (at === 500 ? { ...one, priority: 101 } : one)),
  },
  { name: "all priorities", change: (all) => all.map((one) => ({ ...one, priority: 102 })) },
  { name: "an address more for each", change: (all) => all.map((one) => ({ ...one, addresses: 2 })) },
  { name: "the last 100 are gone", change: (all) => all.slice(0, count - 100) },
];

export const reload: Part = {
  name: "reload",
  title: `${count} instances are reloaded: the longest wait for an advert`,
  unavailable: netUnavailable,
  async run(work) {
    for (const engine of engineNames) await reloads(engine, work);
  },
};

async function reloads(engine: EngineName, work: Work): Promise<void> {
  const net = await Network.open(Math.ceil(count / perLink));
  const running = await Running.start(net, "a", engine, confOf("a", many(count, advertMs)));
  try {
    await waitFor(`${engine}: master of ${count}`, 60_000, async () => (await net.held("a")) === count);
    await delay(10_000);
    for (const { name, change } of changes) {
      work.say(`${engine}: ${name}`);
      const routers = change(many(count, advertMs));
      const ms = await longest(net, running, routers);
      const aim = { atMost: 1.2 };
      work.figure(engine, `longest wait for an advert, ${name}`, "intervals", ms / advertMs, aim);
    }
  } finally {
    await running.stop();
    await net.close();
  }
}

/** Of a router that is there before and after. */
async function longest(net: Network, running: Running, routers: readonly Router[]): Promise<number> {
  const links = Array.from({ length: net.links }, (_, link) => link);
  const wires = await Promise.all(links.map((link) => capture(net, "switch", `br${link}`)));
  await delay(3 * advertMs);
  running.reload(confOf("a", routers));
  await delay(12 * advertMs);
  const captured: Frame[][] = await Promise.all(wires.map((wire) => wire.frames()));
  const waits = routers.map(({ link, vrid }) => {
    const times = beats(captured[link] ?? [], address(link, 1)).get(vrid) ?? [];
    if (times.length < 5) throw new Error(`router ${vrid} on e${link} sent only ${times.length} adverts`);
    return Math.max(...intervals(times));
  });
  return Math.max(...waits);
}
