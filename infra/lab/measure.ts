/** What a client of the lab sees: how long a service is silent, and which server answers. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { HostName } from "./address.ts";
import type { Places } from "./paths.ts";
import { ssh, sshCommand } from "./ssh.ts";

/** A service to ask. */
export interface Target {
  /** The address, usually a VIP. */
  readonly host: string;
  readonly port: number;
  /** `mariadb` is asked for its greeting, and for its name where it is about balance; `http` by GET. */
  readonly protocol: "mariadb" | "http";
  /** For `http`. Default: `/`. */
  readonly path?: string;
}

/** What a client saw of a service over a while. Times in milliseconds, on the client's clock. */
export interface Silence {
  /** The longest time without an answer. */
  readonly gapMs: number;
  /** When it began, counted from the start of the measurement. */
  readonly gapFromMs: number;
  /** Every silence of five intervals or more. */
  readonly gaps: readonly { readonly fromMs: number; readonly ms: number }[];
  readonly attempts: number;
  readonly answers: number;
  readonly failed: number;
  /** When the measurement began, since 1970. */
  readonly startedAt: number;
  readonly lastedMs: number;
}

/** A measurement that is going on. */
export interface Watch {
  /** Resolves at the first answer. Rejects where none comes in the time of the whole measurement. */
  readonly ready: Promise<void>;
  /** Ends the measurement and gives its result. */
  readonly stop: () => Promise<Silence>;
}

/** How a service is watched. */
export interface WatchOptions {
  /** A connection is begun so often. Default: 20. This is the measurement's resolution. */
  readonly everyMs?: number;
  /** A connection without answer has failed after so long. Default: 200. */
  readonly timeoutMs?: number;
  /** The measurement ends by itself after so long. Default: 60 000. */
  readonly maxMs?: number;
}

/** Begins to ask a service from a host, and goes on until stopped. */
export function watch(places: Places, from: HostName, target: Target, options: WatchOptions = {}): Watch {
  const { everyMs = 20, timeoutMs = 200, maxMs = 60_000 } = options;
  const [program = "", ...args] = sshCommand(places, from, ["python3", "/lab/tools/ask.py"]);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  const ask = { mode: "gap", ...target, every_ms: everyMs, timeout_ms: timeoutMs, max_ms: maxMs };
  child.stdin.on("error", () => {}); // It has ended by itself: its result is there.
  child.stdin.write(`${JSON.stringify(ask)}\n`);
  const overdue = setTimeout(() => child.kill("SIGKILL"), maxMs + 15_000);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ready = Promise.withResolvers<void>();
  const result = Promise.withResolvers<Silence>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = JSON.parse(line) as Silence | { readonly ready: true };
    if ("ready" in message) ready.resolve();
    else result.resolve(message);
  });
  child.on("error", (cause) => result.reject(cause));
  child.on("close", (code) => {
    clearTimeout(overdue);
    const service = `${target.host}:${target.port}`;
    ready.reject(new Error(`${service} gave ${from} no answer in ${maxMs / 1000} s`));
    result.reject(new Error(`watching ${service} from ${from} ended with code ${code}: ${said.trim()}`));
  });
  // Whoever is only interested in one of the two must not be ended by the other.
  ready.promise.catch(() => {});
  result.promise.catch(() => {});
  return {
    ready: ready.promise,
    stop: () => {
      child.stdin.end();
      return result.promise;
    },
  };
}

/** Whose answers a client got. */
export interface Balance {
  /** Server's name -> number of connections that it answered. */
  readonly servers: Readonly<Record<string, number>>;
  readonly failed: number;
  /** Why connections failed -> how many. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Makes `count` connections one after the other, and asks each for its server's name. */
export async function balance(
  places: Places,
  from: HostName,
  target: Target & { readonly user?: string; readonly password?: string },
  count: number,
): Promise<Balance> {
  const timeoutMs = 2_000;
  const ask = { mode: "balance", user: "", password: "", ...target, count, timeout_ms: timeoutMs };
  const { stdout, stderr, code } = await ssh(places, from, ["python3", "/lab/tools/ask.py"], {
    stdin: `${JSON.stringify(ask)}\n`,
    timeoutMs: 30_000 + count * timeoutMs,
  });
  if (code !== 0) throw new Error(`asking ${target.host}:${target.port} from ${from}: ${stderr.trim()}`);
  return JSON.parse(stdout) as Balance;
}
