/** How punctual adverts are, 10 ms apart and with real-time priority, on a CPU that others want as well. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../../infra/tour/engine-status.ts";
import { beats, capture, intervals } from "../net/capture.ts";
import { confOf } from "../net/conf.ts";
import { engineNames, Running } from "../net/engine.ts";
import { address, Network, netUnavailable } from "../net/network.ts";
import type { Part } from "../part.ts";
import { type EngineName, quantile, type Work } from "../report.ts";

const advertMs = 10;
const seconds = 20;
const hogs = 3;
const cpu = "1";

export const lateness: Part = {
  name: "lateness",
  title: `adverts every ${advertMs} ms on a busy CPU: how late they are on the wire`,
  unavailable: netUnavailable,
  async run(work) {
    const busy = Array.from({ length: hogs }, () =>
      spawn("taskset", ["-c", cpu, "sh", "-c", "while :; do :; done"], { stdio: "ignore" }),
    );
    try {
      for (const engine of engineNames) await lateOf(engine, work);
    } finally {
      for (const hog of busy) (hog as ChildProcess).kill("SIGKILL");
    }
  },
};

async function lateOf(engine: EngineName, work: Work): Promise<void> {
  const net = await Network.open();
  work.say(`${engine}: ${seconds} s beside ${hogs} busy loops`);
  const conf = confOf("a", [{ link: 0, vrid: 1, advertMs }], { realtime: 50 });
  const running = await Running.start(net, "a", engine, conf, `taskset -c ${cpu}`);
  try {
    await waitFor(`${engine}: master`, 30_000, async () => (await net.held("a")) === 1);
    await delay(7_000);
    const wire = await capture(net, "switch", "br0");
    await delay(seconds * 1000);
    const times = beats(await wire.frames(), address(0, 1)).get(1) ?? [];
    if (times.length < (seconds * 1000) / advertMs / 2) throw new Error(`only ${times.length} adverts`);
    const late = intervals(times).map((ms) => (ms - advertMs) * 1000);
    work.figure(engine, "advert later than one interval after the last, p99", "us", quantile(late, 0.99), {
      atMost: 200,
    });
    work.figure(engine, "the same, worst", "us", Math.max(...late));
    // A clock that starts again with each advert drifts: it sends fewer than were promised.
    const drift = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / (times.length - 1) - advertMs;
    work.figure(engine, "drift of an interval, mean", "us", drift * 1000);
  } finally {
    await running.stop();
    await net.close();
  }
}
