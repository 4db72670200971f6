/** `npm run lab -- ...` */

import { type Progress, quietly, underTitle } from "../machine/progress.ts";
import { runInForeground } from "../machine/run.ts";
import { asHost, asNetwork, defaultHosts, type HostName, hostNames, type Network } from "./address.ts";
import { type Lab, openLab } from "./lab.ts";
import { labUnavailable } from "./requirements.ts";
import { sshCommand } from "./ssh.ts";

const help = `The lab: virtual Linux hosts on this machine.

  build                       the kernel and the disk, where they are missing
  up [HOST...]                switch hosts on (${defaultHosts.join(" ")}), wait until all let us in
  down                        shut all hosts down, remove the networks; disks stay
  destroy                     the same at once, disks, keys and snapshots included
  status                      which host is on, its memory, the faults in force
  ssh HOST [COMMAND...]       a shell on the host, or a command
  put HOST FROM TO            copy a file or folder to the host
  ns COMMAND...               a command of this machine, inside the lab's networks
  start|stop|reboot HOST...   in order
  cut HOST...                 pull the plug
  pause|resume HOST...        stop the host where it stands; let it go on
  reset [HOST...]             pull the plug and throw the disk away (of all hosts)
  partition A B [NET]         nothing passes between the two
  block A B [NET]             nothing passes from A to B; the way back is well
  isolate HOST [NET]          nothing passes from or to the host
  loss A B PERCENT [NET]      a share of what A sends to B is lost
  delay HOST MS [NET]         what the host sends comes later
  heal                        take all of these faults away
  snap save|restore NAME      keep the disks of all hosts, put them back; the hosts have to be off

Hosts: ${hostNames.join(" ")}. Networks: front (where nothing is named), back, mgmt.
UNDERSTUDY_LAB names the lab (default: lab); labs of different names run side by side.`;

type Command = (
  lab: Lab,
  words: readonly string[],
  progress: Progress,
) => Promise<number | undefined> | number | undefined;

const commands: Readonly<Record<string, Command>> = {
  build: (lab, _words, progress) => done(lab.build(progress)),
  up: (lab, words, progress) => done(lab.up(words.length > 0 ? words.map(asHost) : defaultHosts, progress)),
  down: (lab) => done(lab.down()),
  destroy: (lab) => done(lab.destroy()),
  status: (lab) => printStatus(lab),
  ssh: (lab, [host, ...words]) => runInForeground(sshCommand(lab.places, asHost(need(host, "HOST")), words)),
  put: (lab, [host, from, to]) =>
    done(lab.put(asHost(need(host, "HOST")), need(from, "FROM"), need(to, "TO"))),
  ns: (lab, words) => runInForeground(lab.command(words)),
  start: each((lab, host) => lab.start(host)),
  stop: each((lab, host) => lab.stop(host)),
  reboot: each((lab, host) => lab.reboot(host)),
  cut: each((lab, host) => lab.cut(host)),
  pause: each((lab, host) => lab.pause(host)),
  resume: each((lab, host) => lab.resume(host)),
  reset: (lab, words) => done(Promise.all((words.length > 0 ? words.map(asHost) : hostNames).map(lab.reset))),
  partition: (lab, [a, b, net]) => done(lab.partition(...pair(a, b), network(net))),
  block: (lab, [a, b, net]) => done(lab.block(...pair(a, b), network(net))),
  isolate: (lab, [host, net]) => done(lab.isolate(asHost(need(host, "HOST")), network(net))),
  loss: (lab, [a, b, percent, net]) => done(lab.loss(...pair(a, b), number(percent, 1, 99), network(net))),
  delay: (lab, [host, ms, net]) =>
    done(lab.delay(asHost(need(host, "HOST")), number(ms, 1, 60_000), network(net))),
  heal: (lab) => done(lab.heal()),
  snap: (lab, [what, name]) => {
    if (what === "save") return done(lab.save(need(name, "NAME")));
    if (what === "restore") return done(lab.restore(need(name, "NAME")));
    throw new Error("expected: snap save NAME, or snap restore NAME");
  },
};

/** These take so long that we say so from the start. */
const slow = new Set(["build", "up"]);
/** These write to the terminal by themselves. */
const ownOutput = new Set(["ssh", "ns", "status"]);

async function done(work: Promise<unknown>): Promise<undefined> {
  await work;
}

function each(act: (lab: Lab, host: HostName) => Promise<void> | void): Command {
  return async (lab, words) => {
    const hosts = [need(words[0], "HOST"), ...words.slice(1)].map(asHost);
    await Promise.all(hosts.map((host) => act(lab, host)));
    return undefined;
  };
}

function need(word: string | undefined, what: string): string {
  if (word === undefined) throw new Error(`expected ${what}; see: npm run lab`);
  return word;
}

function pair(a: string | undefined, b: string | undefined): [HostName, HostName] {
  const both: [HostName, HostName] = [asHost(need(a, "HOST")), asHost(need(b, "a second HOST"))];
  if (both[0] === both[1]) throw new Error(`expected two hosts, found ${a} twice`);
  return both;
}

function network(word: string | undefined): Network {
  return asNetwork(word ?? "front");
}

function number(word: string | undefined, least: number, most: number): number {
  const value = Number(need(word, "a number"));
  if (value >= least && value <= most) return value;
  throw new Error(`expected a number from ${least} to ${most}, found ${word}`);
}

async function printStatus(lab: Lab): Promise<undefined> {
  const hosts = lab.status();
  for (const { host, power, pid, memory } of hosts) {
    if (power === "off") continue;
    console.log(`${host.padEnd(7)} ${power.padEnd(7)} ${String(memory).padStart(4)} MiB  pid ${pid}`);
  }
  const off = hosts.filter(({ power }) => power === "off").map(({ host }) => host);
  if (off.length > 0) console.log(`off: ${off.join(" ")}`);
  if (off.length === hosts.length) return;
  for (const { fault, frames } of await lab.faults())
    console.log(`fault: ${fault} (${frames} frames so far)`);
}

async function main([name = "help", ...words]: readonly string[]): Promise<number> {
  const command = commands[name];
  if (!command) {
    console.log(help);
    return name === "help" ? 0 : 2;
  }
  try {
    const why = labUnavailable();
    if (why !== undefined) throw new Error(why);
    const act = async (progress: Progress) => command(openLab(), words, progress);
    const work = ownOutput.has(name)
      ? act(quietly)
      : underTitle([name, ...words].join(" "), act, { afterMs: slow.has(name) ? 0 : 2_000 });
    const code = await work;
    if (name === "up") await printStatus(openLab());
    return code ?? 0;
  } catch (error) {
    console.error(`lab: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
