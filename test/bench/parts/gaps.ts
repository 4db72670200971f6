/** How long a client gets no answer from the address when something happens to the master. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../../infra/tour/engine-status.ts";
import { capture, intervals } from "../net/capture.ts";
import { confOf } from "../net/conf.ts";
import { engineNames, Running } from "../net/engine.ts";
import { Network, netUnavailable, virtual } from "../net/network.ts";
import type { Part } from "../part.ts";
import { type EngineName, quantile, type Work } from "../report.ts";

const probeMs = 2;

interface Fault {
  name: string;
  strike(net: Network, master: Running): Promise<void>;
}

const faults: readonly Fault[] = [
  {
    name: "power cut",
    async strike(net, master) {
      await net.connect("a", false);
      master.kill();
    },
  },
  {
    name: "kill -9 of the VRRP process",
    strike: async (_, master) => void process.kill(master.vrrp(), "SIGKILL"),
  },
  { name: "kill -9 of all processes", strike: async (_, master) => master.kill() },
  { name: "planned stop", strike: async (_, master) => master.term() },
];

export const gaps: Part = {
  name: "gaps",
  title: "a client's gap after four faults, at adverts every 10 ms, 100 ms and 1 s",
  unavailable: netUnavailable,
  async run(work) {
    for (const advertMs of [10, 100, 1000]) {
      for (const fault of faults)
        for (const engine of engineNames) await gapsOf(engine, fault, advertMs, work);
    }
  },
};

async function gapsOf(engine: EngineName, fault: Fault, advertMs: number, work: Work): Promise<void> {
  const found: number[] = [];
  for (let round = 1; round <= work.rounds; round++) found.push(await once(engine, fault, advertMs));
  const p50 = quantile(found, 0.5);
  work.say(`${engine}: ${fault.name} at ${advertMs} ms, ${work.rounds} rounds: ${p50.toFixed(1)} ms`);
  const name = `${fault.name}, adverts every ${advertMs} ms`;
  work.figure(engine, `${name}, p50`, "ms", p50);
  work.figure(engine, `${name}, p99`, "ms", quantile(found, 0.99));
}

async function once(engine: EngineName, fault: Fault, advertMs: number): Promise<number> {
  const net = await Network.open();
  const routers = [{ link: 0, vrid: 1, advertMs }];
  const start = (side: "a" | "b") =>
    Running.start(net, side, engine, confOf(side, routers, { announceAgain: 0 }));
  const running: Running[] = [];
  let probes: ChildProcess | undefined;
  try {
    const master = await start("a");
    running.push(master);
    await waitFor(`${engine}: master`, 30_000, async () => (await net.held("a")) === 1);
    running.push(await start("b"));
    await delay(500 + advertMs);
    const wire = await capture(net, "switch", "br0");
    probes = await probe(net);
    await delay(300);
    await fault.strike(net, master);
    await delay(1000 + 5 * advertMs);
    probes.kill("SIGKILL");
    const answers = (await wire.frames()).flatMap((frame) => (frame.kind === "answer" ? [frame.at] : []));
    if (answers.length < 50) throw new Error(`${engine}: only ${answers.length} answers to a client`);
    return Math.max(...intervals(answers));
  } finally {
    probes?.kill("SIGKILL");
    await Promise.all(running.map((one) => one.stop()));
    await net.close();
  }
}

/** Datagrams to a closed port: the host that has the address refuses each of them. */
async function probe(net: Network): Promise<ChildProcess> {
  const program = `
    const socket = require("node:dgram").createSocket("udp4");
    socket.on("error", () => {});
    setInterval(() => socket.send("?", 9, "${virtual(0, 1)}", () => {}), ${probeMs});
    console.log("sends");`;
  const words = ["netns", "exec", net.of("switch"), process.execPath, "-e", program];
  const child = spawn("ip", words, { stdio: ["ignore", "pipe", "ignore"] });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return child;
}
