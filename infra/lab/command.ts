/** Runs programs of this machine. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What a program answered. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit code; 128 + the signal's number where a signal ended it, as a shell says. */
  readonly code: number;
}

/** How to run a program. */
export interface RunOptions {
  readonly input?: string;
  /** After so many milliseconds the program and all it started are killed. Default: 60 000. */
  readonly timeoutMs?: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where the program's output goes line by line, both streams, while it runs. */
  readonly onLine?: (line: string) => void;
}

/** Process groups of programs that are running: Ctrl-C does not reach them by itself. */
const groups = new Set<number>();

function endGroups(): void {
  for (const group of groups) killGroup(group, "SIGTERM");
}

function killGroup(group: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-group, signal);
  } catch {
    // It has ended just now.
  }
}

let watching = false;

/** Sees to it that what we have started ends when we are ended. */
function watchForOurEnd(): void {
  if (watching) return;
  watching = true;
  process.on("exit", endGroups);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // Once, then again without us: whoever else listens has the say, and by default the process ends.
    process.once(signal, () => {
      endGroups();
      process.kill(process.pid, signal);
    });
  }
}

/** Runs a program to its end. Rejects only where it can't be started or takes too long. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program = "", ...args] = argv;
  const timeoutMs = options.timeoutMs ?? 60_000;
  return new Promise((resolve, reject) => {
    // In a process group of its own, so that a timeout ends its children as well.
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, LC_ALL: "C", ...options.env },
      detached: true,
      stdio: "pipe",
    });
    watchForOurEnd();
    const group = child.pid;
    if (group !== undefined) groups.add(group);
    const output = { stdout: "", stderr: "" };
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (group !== undefined) killGroup(group, "SIGKILL");
    }, timeoutMs);
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        output[stream] += text;
      });
      if (options.onLine) createInterface({ input: child[stream] }).on("line", options.onLine);
    }
    child.stdin.on("error", () => {}); // It ended without reading all: its exit code tells.
    child.stdin.end(options.input ?? "");
    child.on("error", (cause) => {
      clearTimeout(timer);
      reject(new Error(`start ${program}: ${cause.message}`, { cause }));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (group !== undefined) groups.delete(group);
      if (late) reject(new Error(`${program} did not end within ${timeoutMs / 1000} s: ${argv.join(" ")}`));
      else resolve({ ...output, code: code ?? 128 + (signal === "SIGKILL" ? 9 : 15) });
    });
  });
}

/** Runs a program that has to succeed, and gives its output. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { stdout, stderr, code } = await run(argv, options);
  if (code === 0) return stdout;
  const said = (stderr.trim() || stdout.trim()).split("\n").slice(-12).join("\n  ");
  throw new Error(`${argv.join(" ")}: exit code ${code}\n  ${said}`);
}

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks `probe` every `everyMs` until it answers true; false when `forMs` have gone by. */
export async function until(
  probe: () => boolean | Promise<boolean>,
  forMs: number,
  everyMs = 50,
): Promise<boolean> {
  const end = Date.now() + forMs;
  for (;;) {
    if (await probe()) return true;
    if (Date.now() >= end) return false;
    await sleep(everyMs);
  }
}
