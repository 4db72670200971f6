/** One host: switched on, asked, switched off, or cut off its power. */
import { spawn } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../machine/run.ts";
import { sleep } from "../machine/wait.ts";
import {
  address,
  devicesFile,
  type HostName,
  hostsFile,
  mac,
  networkNames,
  networks,
  tap,
} from "./address.ts";
import { diskOf, prepareDisk } from "./disk.ts";
import { imagePath } from "./image.ts";
import { kernelPath } from "./kernel.ts";
import { ended, findMachine, isPaused, type Machine, signal } from "./machine.ts";
import type { Places } from "./paths.ts";
import { inNamespace, plugIn } from "./segment.ts";
import { disconnect, hostKey, ssh, sshFiles } from "./ssh.ts";

/** The folder that the host sees as /lab. */
export function shareOf(places: Places, host: HostName): string {
  return join(places.state, "shares", host);
}

/** What the host has printed since it was made. */
export function consoleOf(places: Places, host: HostName): string {
  return join(places.state, "consoles", `${host}.log`);
}

/** Files that a host's command line names. */
export interface HostFiles {
  readonly kernel: string;
  readonly base: string;
  readonly disk: string;
  readonly share: string;
  /** Where the kernel puts its control socket. */
  readonly run: string;
}

/** The command line of the host's kernel. `memory` is a ceiling in MiB: what is not used is not taken. */
export function kernelCommand(lab: string, host: HostName, files: HostFiles, memory: number): string[] {
  const devices = networkNames.map((name) => {
    const vector = `vec${networks[name].number}:transport=tap,ifname=${tap(host, name)}`;
    return `${vector},mac=${mac(host, name)},depth=64`;
  });
  return [
    files.kernel,
    `ubd0=${files.disk},${files.base}`,
    ...["root=/dev/ubda", "rw", `mem=${memory}M`, "seccomp=on", `hostfs=${files.share}`],
    ...[`umid=${host}`, `uml_dir=${files.run}`],
    // The console is the log file; without con=null the kernel would open terminals for the others.
    ...["con=null", "con0=null,fd:1", "ssl=null", "quiet", "systemd.show_status=0"],
    ...["noreboot", "panic=-1"],
    // Device types that are built in, and would each add a device nobody asked for.
    ...["fb_tunnels=none", "dummy.numdummies=0", "bonding.max_bonds=0", "ifb.numifbs=0"],
    ...["net.ifnames=0", ...devices, `lab.name=${lab}`, `lab.host=${host}`],
  ];
}

function filesOf(places: Places, host: HostName): HostFiles {
  const [kernel, base] = [kernelPath(), imagePath()];
  return { kernel, base, disk: diskOf(places, host), share: shareOf(places, host), run: places.run };
}

/** Lays out what the host finds under /lab. */
function writeShare(places: Places, host: HostName): void {
  const share = shareOf(places, host);
  mkdirSync(share, { recursive: true, mode: 0o700 });
  writeFileSync(join(share, "hosts"), hostsFile());
  writeFileSync(join(share, "devices"), devicesFile(host));
  for (const suffix of ["", ".pub"]) {
    copyFileSync(`${hostKey(places, host)}${suffix}`, join(share, `ssh_host_ed25519_key${suffix}`));
  }
  copyFileSync(`${sshFiles(places).identity}.pub`, join(share, "authorized_keys"));
  cpSync(join(import.meta.dirname, "tools"), join(share, "tools"), { recursive: true });
  cpSync(join(dirname(kernelPath()), "lib/modules"), join(share, "modules"), { recursive: true });
}

/** The ceiling of a host's memory, MiB. */
const memoryCeiling = 320;

/** Guests' memory is a file: in RAM where the machine's /dev/shm has room for it, as it hasn't in many containers. */
function memoryFolder(places: Places): string {
  const { bavail, bsize } = statfsSync("/dev/shm");
  return bavail * bsize > 4 * memoryCeiling * 1024 * 1024 ? "/dev/shm" : places.state;
}

/**
 * Switches the host on, if it is off. A host that runs from another kernel or disk than today's is cut off
 * first; one that was paused goes on.
 */
export async function switchOn(places: Places, host: HostName): Promise<void> {
  const files = filesOf(places, host);
  writeShare(places, host);
  const running = findMachine(places, host);
  if (running?.argv.includes(`ubd0=${files.disk},${files.base}`) && running.argv[0] === files.kernel) {
    if (isPaused(running)) signal(running, "SIGCONT");
    return;
  }
  if (running) await cutPower(places, host);
  await plugIn(places, host);
  prepareDisk(places, host);
  await disconnect(places, host);
  mkdirSync(dirname(consoleOf(places, host)), { recursive: true });
  rmSync(join(places.run, host), { recursive: true, force: true });
  const log = openSync(consoleOf(places, host), "a");
  const [program = "", ...args] = inNamespace(places, kernelCommand(places.name, host, files, memoryCeiling));
  const child = spawn(program, args, {
    cwd: places.run,
    detached: true,
    env: { PATH: process.env.PATH, TMPDIR: memoryFolder(places), HOME: "/" },
    stdio: ["ignore", log, log],
  });
  await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  child.unref();
  closeSync(log);
}

/** Waits until the host lets the operator in. */
export async function reachable(places: Places, host: HostName, forMs = 90_000): Promise<void> {
  const end = Date.now() + forMs;
  const greeting = `exec 3<>/dev/tcp/${address(host, "mgmt")}/22 && read -t 1 line <&3 && [[ $line == SSH-* ]]`;
  for (;;) {
    const knock = await run(inNamespace(places, ["timeout", "0.5", "bash", "-c", greeting]));
    if (knock.code === 0 && (await ssh(places, host, ["true"], { timeoutMs: 20_000 })).code === 0) return;
    if (!findMachine(places, host))
      throw new Error(`${host} went off while it booted:${lastWords(places, host)}`);
    if (Date.now() > end) {
      throw new Error(`${host} gave no answer to ssh in ${forMs / 1000} s:${lastWords(places, host)}`);
    }
    await sleep(50);
  }
}

function lastWords(places: Places, host: HostName): string {
  const path = consoleOf(places, host);
  const lines = existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n").slice(-8) : [];
  return ["", ...lines, `(from ${path})`].join("\n  ");
}

/** Pulls the plug: what the host had not written to its disk is lost. */
export async function cutPower(places: Places, host: HostName): Promise<void> {
  const machine = findMachine(places, host);
  if (machine) {
    signal(machine, "SIGKILL");
    if (!(await ended(machine, 10_000))) throw new Error(`${host}: process ${machine.pid} does not end`);
  }
  await disconnect(places, host);
}

/** Shuts the host down in order; pulls the plug where that takes more than 20 seconds. */
export async function switchOff(places: Places, host: HostName): Promise<void> {
  const machine = findMachine(places, host);
  if (!machine) return;
  signal(machine, "SIGCONT");
  await ssh(places, host, ["systemctl", "poweroff"], { timeoutMs: 10_000 }).catch(() => undefined);
  await ended(machine, 20_000);
  await cutPower(places, host);
}

/** Shuts the host down in order and switches it on again, with its disk as it was. */
export async function reboot(places: Places, host: HostName): Promise<void> {
  running(places, host);
  await switchOff(places, host);
  await switchOn(places, host);
}

/** Stops every process of the host where it stands: a stalled virtual machine that knows nothing of it. */
export function pause(places: Places, host: HostName): void {
  signal(running(places, host), "SIGSTOP");
}

/** Lets a paused host go on. */
export function resume(places: Places, host: HostName): void {
  signal(running(places, host), "SIGCONT");
}

/** The host's process; an error where it is off. */
export function running(places: Places, host: HostName): Machine {
  const machine = findMachine(places, host);
  if (machine) return machine;
  throw new Error(`${host} is off; switch it on with: npm run lab -- start ${host}`);
}
