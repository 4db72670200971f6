/** Runs programs of this machine: to their end, with what they say collected and handed on as it comes. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { endLater, endNow } from "./groups.ts";

export type Stream = "stdout" | "stderr";

/** What a program answered. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit code; 128 + the signal's number where a signal ended it, as a shell says. */
  readonly code: number;
}

/** How to run a program. */
export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment. Default: this process's own, but for the language: we read what programs say. */
  readonly env?: NodeJS.ProcessEnv;
  /** What the program reads; without it, it reads nothing. */
  readonly stdin?: string | Uint8Array;
  /** After so many milliseconds the program and all it started are killed. Default: 60 000. */
  readonly timeoutMs?: number;
  /** Where the program's output goes line by line, while it runs. */
  readonly onLine?: (line: string, stream: Stream) => void;
  /** Ends the program by SIGTERM; `run` still waits for it. */
  readonly signal?: AbortSignal;
  /**
   * Whether it gets a process group of its own, and timeout and signal end what it has started as well. Default: true.
   * Ctrl-C does not reach such a group, so we end it when we are ended; without it, Ctrl-C is the program's to answer.
   */
  readonly group?: boolean;
}

/** As `timeoutMs`: however long it takes. */
export const unlimited = Number.POSITIVE_INFINITY;

/** Runs a program to its end. Rejects only where it can't be started or takes too long. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program = "", ...args] = argv;
  const { timeoutMs = 60_000, group = true, stdin } = options;
  const child = start(program, args, {
    cwd: options.cwd,
    env: options.env ?? { ...process.env, LC_ALL: "C" },
    detached: group,
    stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  const forget = group ? endLater(child) : () => {};
  const stop = () => endNow(child, group, "SIGTERM");
  if (options.signal?.aborted) stop();
  options.signal?.addEventListener("abort", stop);
  let late = false;
  const kill = () => {
    late = true;
    endNow(child, group, "SIGKILL");
  };
  const timer = timeoutMs === unlimited ? undefined : setTimeout(kill, timeoutMs);
  const done = () => {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", stop);
    forget();
  };
  child.stdin?.on("error", () => {}); // It ended without reading all: its exit code tells.
  child.stdin?.end(stdin);
  return new Promise((resolve, reject) => {
    const stdout = collect(child, "stdout", options.onLine);
    const stderr = collect(child, "stderr", options.onLine);
    child.on("error", (cause) => {
      done();
      reject(notStarted(program, cause));
    });
    child.on("close", (code, signal) => {
      done();
      if (late) reject(new Error(`${program} did not end within ${timeoutMs / 1000} s: ${argv.join(" ")}`));
      else resolve({ stdout: stdout(), stderr: stderr(), code: codeOf(code, signal) });
    });
  });
}

/** Runs a program that has to succeed, and gives its output. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { stdout, stderr, code } = await run(argv, options);
  if (code === 0) return stdout;
  const said = lastLines(stderr.trim() || stdout.trim(), 12).replaceAll("\n", "\n  ");
  throw new Error(`${argv.join(" ")}: exit code ${code}\n  ${said}`);
}

/** How to give the terminal to a program. */
export interface ForegroundOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Hears what the program says on stderr, which is shown all the same. */
  readonly onStderr?: (text: string) => void;
}

/** Runs a program to which the terminal belongs. Ctrl-C reaches it directly, and we wait for its answer. */
export async function runInForeground(
  argv: readonly string[],
  options: ForegroundOptions = {},
): Promise<number> {
  const [program = "", ...args] = argv;
  const { env = process.env, onStderr } = options;
  const child = start(program, args, { env, stdio: ["inherit", "inherit", onStderr ? "pipe" : "inherit"] });
  child.stderr?.on("data", (data: Buffer) => {
    process.stderr.write(data);
    onStderr?.(data.toString());
  });
  const ignore = () => {};
  const pass = () => child.kill("SIGTERM");
  process.on("SIGINT", ignore).on("SIGTERM", pass);
  const done = () => process.off("SIGINT", ignore).off("SIGTERM", pass);
  return new Promise((resolve, reject) => {
    child.on("error", (cause) => {
      done();
      reject(notStarted(program, cause));
    });
    child.on("close", (code, signal) => {
      done();
      resolve(codeOf(code, signal));
    });
  });
}

/** The end of what a program has said. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

function start(program: string, args: string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn(program, args, options);
  } catch (cause) {
    throw notStarted(program, cause); // such as ENOEXEC; that it isn't there comes as an event
  }
}

function codeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal ? constants.signals[signal] : 0);
}

function notStarted(program: string, cause: unknown): Error {
  return new Error(`start ${program}: ${cause instanceof Error ? cause.message : cause}`, { cause });
}

function collect(child: ChildProcess, name: Stream, onLine: RunOptions["onLine"]): () => string {
  const stream = child[name];
  const chunks: Buffer[] = [];
  if (!stream) return () => "";
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (onLine) {
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on("line", (line) => onLine(line, name));
  }
  return () => Buffer.concat(chunks).toString();
}
