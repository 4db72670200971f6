/** The two engines, started in a namespace. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lastLines } from "../../../infra/machine/run.ts";
import { engineBinary } from "../../../infra/toolchain/engine.ts";
import { family } from "../processes.ts";
import type { EngineName } from "../report.ts";
import type { Network, Side } from "./network.ts";

export const engineNames: readonly EngineName[] = ["keepalived", "understudy"];

const commands: Record<EngineName, (conf: string) => Promise<string>> = {
  keepalived: async (conf) => `keepalived -n -l -P -f ${conf} -p /run/k.pid -r /run/v.pid`,
  understudy: async (conf) => `${await ourProgram()} run -f ${conf} --run-dir /run/u --state-dir /run/s`,
};

/** Ours: built of this checkout, or another one to be measured beside it. */
export const ourProgram = async (): Promise<string> =>
  process.env.UNDERSTUDY_ENGINE ?? (await engineBinary());

/** What runs on a host. */
export class Running {
  readonly engine: EngineName;
  private readonly child: ChildProcess;
  private readonly folder: string;
  private ended = false;

  private constructor(engine: EngineName, child: ChildProcess, folder: string) {
    this.engine = engine;
    this.child = child;
    this.folder = folder;
    child.on("exit", () => {
      this.ended = true;
    });
  }

  /** `wrapper`: words in front of the command, as `taskset -c 1`. */
  static async start(
    net: Network,
    side: Side,
    engine: EngineName,
    conf: string,
    wrapper = "",
  ): Promise<Running> {
    const folder = mkdtempSync(join(tmpdir(), "understudy-bench-"));
    const file = join(folder, "engine.conf");
    writeFileSync(file, conf);
    const log = openSync(join(folder, "log"), "a");
    // Its own /run: both engines, on both hosts, keep files there.
    const command = await commands[engine](file);
    const script = `mount -t tmpfs none /run && exec ${wrapper} ${command}`;
    const child = spawn("ip", ["netns", "exec", net.of(side), "unshare", "-m", "sh", "-c", script], {
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    return new Running(engine, child, folder);
  }

  /** The first process. */
  get pid(): number {
    if (this.child.pid === undefined || this.ended)
      throw new Error(`${this.engine} does not run: ${this.log()}`);
    return this.child.pid;
  }

  /** The process that sends adverts. */
  vrrp(): number {
    const found = family(this.pid)
      .slice(1)
      .find(
        (pid) =>
          this.engine === "keepalived" || readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("vrrp"),
      );
    if (found === undefined) throw new Error(`${this.engine} has no VRRP process: ${this.log()}`);
    return found;
  }

  /** Gives it another configuration. */
  reload(conf: string): void {
    writeFileSync(join(this.folder, "engine.conf"), conf);
    process.kill(this.pid, "SIGHUP");
  }

  /** Asks it to stop. */
  term(): void {
    if (!this.ended) process.kill(this.pid, "SIGTERM");
  }

  /** All processes at once, by SIGKILL. */
  kill(): void {
    if (this.ended) return;
    // Stopped first, or the first one starts another in place of the second.
    const all = family(this.pid);
    for (const signal of ["SIGSTOP", "SIGKILL"] as const) for (const pid of all) signalTo(pid, signal);
  }

  /** Stops it, and forgets its files. */
  async stop(): Promise<void> {
    this.term();
    for (let tries = 0; !this.ended && tries < 500; tries++) await delay(20);
    this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  log(): string {
    return lastLines(readFileSync(join(this.folder, "log"), "utf8"), 10);
  }
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {} // It has ended.
}
