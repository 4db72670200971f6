/** The two engines under comparison, as their units run them on a lab host. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostName } from "../../../infra/lab/address.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { engineBinary } from "../../../infra/toolchain/engine.ts";

/** What a process of an engine is there for. */
export type Part = "supervisor" | "vrrp" | "check";

export interface Engine {
  name: "keepalived" | "understudy";
  unit: string;
  config: string;
  /** Puts what is needed on a host; quick when it is there. */
  install(lab: Lab, host: HostName): Promise<void>;
  /** Which part a child process is, by its name and arguments. */
  partOf(name: string, args: string): Part;
}

const keepalived: Engine = {
  name: "keepalived",
  unit: "keepalived.service",
  config: "/etc/keepalived/keepalived.conf",
  install: async (lab, host) => {
    await must(lab, host, ["mkdir", "-p", "/etc/keepalived"]);
  },
  partOf: (name) => (name.includes("vrrp") ? "vrrp" : "check"),
};

const unitFile = "/etc/systemd/system/understudy.service";

const understudy: Engine = {
  name: "understudy",
  unit: "understudy.service",
  config: "/etc/understudy/understudy.conf",
  async install(lab, host) {
    await must(lab, host, ["mkdir", "-p", "/etc/understudy", "/usr/local/sbin"]);
    await lab.put(host, await engineBinary(), "/usr/local/sbin/understudy.new");
    await must(lab, host, ["mv", "-f", "/usr/local/sbin/understudy.new", "/usr/local/sbin/understudy"]);
    await putText(lab, host, unitFile, unit());
    await must(lab, host, ["systemctl", "daemon-reload"]);
    await must(lab, host, ["sync"]); // A power cut follows: what is not on the disk by then comes back empty.
  },
  partOf: (_name, args) => (args.includes("vrrp") ? "vrrp" : "check"),
};

export const engines: readonly Engine[] = [keepalived, understudy];

/** The unit that a deploy writes, without what it says of the deploy's other units. */
function unit(): string {
  const golden = join(import.meta.dirname, "../../golden/haproxy-pair/lb1", unitFile);
  return readFileSync(golden, "utf8").replaceAll("understudy-network.service", "");
}

export async function putText(lab: Lab, host: HostName, path: string, text: string): Promise<void> {
  const file = join(mkdtempSync(join(tmpdir(), "understudy-bench-")), "file");
  writeFileSync(file, text);
  await lab.put(host, file, path);
}

export async function must(lab: Lab, host: HostName, argv: string[]): Promise<string> {
  const { stdout, stderr, code } = await lab.ssh(host, argv);
  if (code !== 0) throw new Error(`${host}: ${argv.join(" ")}: ${stderr.trim() || `exit code ${code}`}`);
  return stdout;
}

export interface Running {
  part: Part;
  pid: number;
}

/** The processes of the engine's unit on a host. */
export async function processes(lab: Lab, host: HostName, engine: Engine): Promise<Running[]> {
  const main = Number((await must(lab, host, ["systemctl", "show", "-P", "MainPID", engine.unit])).trim());
  if (!main) return [];
  const { stdout } = await lab.ssh(host, ["ps", "-o", "pid=,comm=,args=", "--ppid", String(main)]);
  const children = stdout.split("\n").flatMap((line): Running[] => {
    const found = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    return found ? [{ pid: Number(found[1]), part: engine.partOf(found[2]!, found[3]!) }] : [];
  });
  return [{ part: "supervisor", pid: main }, ...children];
}

/** Whether the host has the address on its interface. */
export async function holds(lab: Lab, host: HostName, address: string): Promise<boolean> {
  const { stdout } = await lab.ssh(host, ["ip", "-br", "-4", "address", "show", "dev", "eth0"]);
  return stdout.includes(`${address}/`);
}
