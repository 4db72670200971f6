/** A hundred addresses taken over at once, beside a router whose adverts are due every 10 ms. */
import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../../infra/tour/engine-status.ts";
import { beats, capture, type Frame, intervals } from "../net/capture.ts";
import { confOf } from "../net/conf.ts";
import { engineNames, Running } from "../net/engine.ts";
import { address, Network, netUnavailable, virtual } from "../net/network.ts";
import type { Part } from "../part.ts";
import { type EngineName, quantile, type Work } from "../report.ts";

const addresses = 100;
const advertMs = 10;
/** The router with the addresses, and the one beside it. */
const [large, fast] = [1, 200];

export const announce: Part = {
  name: "announce",
  title: `${addresses} addresses taken over and announced, and what that does to adverts`,
  unavailable: netUnavailable,
  async run(work) {
    for (const engine of engineNames) {
      const took: number[] = [];
      const late: number[] = [];
      for (let round = 1; round <= work.rounds; round++) {
        work.say(`${engine}: round ${round} of ${work.rounds}`);
        const found = await once(engine);
        took.push(found.took);
        late.push(found.late);
      }
      figures(engine, took, late, work);
    }
  },
};

function figures(engine: EngineName, took: number[], late: number[], work: Work): void {
  const name = `first advert as master to the last of ${addresses} addresses announced`;
  work.figure(engine, `${name}, p50`, "ms", quantile(took, 0.5));
  work.figure(engine, `${name}, worst`, "ms", Math.max(...took), { atMost: 100 });
  const beside = `longest wait for an advert meanwhile, of a router with ${advertMs} ms`;
  work.figure(engine, `${beside}, p50`, "ms", quantile(late, 0.5));
  work.figure(engine, `${beside}, worst`, "ms", Math.max(...late));
}

async function once(engine: EngineName): Promise<{ took: number; late: number }> {
  const net = await Network.open();
  const wire = await capture(net, "switch", "br0");
  const routers = [
    { link: 0, vrid: large, advertMs: 1000, addresses },
    { link: 0, vrid: fast, advertMs },
  ];
  // Real-time, or other work on this machine would show.
  const conf = confOf("a", routers, { realtime: 50 });
  const running = await Running.start(net, "a", engine, conf);
  try {
    await waitFor(`${engine}: holds all`, 30_000, async () => (await net.held("a")) === addresses + 1);
    await delay(7_000); // the second set of announcements, too
    return judge(await wire.frames());
  } finally {
    await running.stop();
    await net.close();
  }
}

function judge(frames: readonly Frame[]): { took: number; late: number } {
  const all = beats(frames, address(0, 1));
  const start = all.get(large)?.[0];
  if (start === undefined) throw new Error("it never became master");
  const first = new Map<string, number>();
  for (const frame of frames) {
    if (frame.kind === "announcement" && !first.has(frame.address)) first.set(frame.address, frame.at);
  }
  const told = Array.from({ length: addresses }, (_, at) => first.get(virtual(0, large + at)));
  const missing = told.filter((at) => at === undefined).length;
  if (missing > 0) throw new Error(`${missing} addresses were not announced`);
  const meanwhile = (all.get(fast) ?? []).filter((at) => at > start - 500 && at < start + 6500);
  return {
    took: Math.max(...told.map((at) => at ?? 0)) - start,
    late: Math.max(...intervals(meanwhile)),
  };
}
