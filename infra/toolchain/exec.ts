/** Child processes: their output collected, and handed on line by line as it comes. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export type Stream = "stdout" | "stderr";

export interface ExecOptions {
  cwd?: string;
  /** The whole environment; default: this process's own. */
  env?: NodeJS.ProcessEnv;
  /** What the child reads; without it, it reads nothing. */
  stdin?: string | Uint8Array;
  onLine?: (line: string, stream: Stream) => void;
  /** Ends the program by SIGTERM; `exec` still waits for it. */
  signal?: AbortSignal;
  /** A process group of its own: Ctrl-C doesn't reach it, and `signal` ends what it has started as well. */
  group?: boolean;
}

export interface ExecResult {
  /** The exit code; 128 + n when signal n ended the process, as a shell counts. */
  code: number;
  stdout: string;
  stderr: string;
}

const signals: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** Runs `argv` to its end. Rejects only when the program could not be started. */
export function exec(argv: string[], options: ExecOptions = {}): Promise<ExecResult> {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: [options.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    detached: options.group ?? false,
  });
  const stop = () => kill(child, options.group ?? false);
  if (options.signal?.aborted) stop();
  options.signal?.addEventListener("abort", stop);
  child.stdin?.on("error", () => {}); // a child that doesn't read its input is no failure of ours
  child.stdin?.end(options.stdin);
  return new Promise((done, failed) => {
    const stdout = collect(child, "stdout", options.onLine);
    const stderr = collect(child, "stderr", options.onLine);
    child.on("error", (cause) => failed(new Error(`start ${file}: ${cause.message}`, { cause })));
    child.on("close", (code, signal) => {
      options.signal?.removeEventListener("abort", stop);
      const lost = signal ? 128 + (signals[signal] ?? 0) : 1;
      done({ code: code ?? lost, stdout: stdout(), stderr: stderr() });
    });
  });
}

/** Runs a program in the foreground: the terminal is its own. Ctrl-C reaches it directly, and we wait for its answer. */
export function execInForeground(
  argv: string[],
  env: NodeJS.ProcessEnv,
  stderr?: (text: string) => void,
): Promise<number> {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { env, stdio: ["inherit", "inherit", stderr ? "pipe" : "inherit"] });
  child.stderr?.on("data", (data: Buffer) => {
    process.stderr.write(data);
    stderr?.(data.toString());
  });
  const ignore = () => {};
  const pass = () => child.kill("SIGTERM");
  process.on("SIGINT", ignore).on("SIGTERM", pass);
  return new Promise((done, failed) => {
    child.on("error", (cause) => failed(new Error(`start ${file}: ${cause.message}`, { cause })));
    child.on("close", (code, signal) => {
      process.off("SIGINT", ignore).off("SIGTERM", pass);
      done(code ?? 128 + (signals[signal ?? "SIGHUP"] ?? 0));
    });
  });
}

function kill(child: ChildProcess, group: boolean): void {
  if (child.pid === undefined) return;
  try {
    process.kill(group ? -child.pid : child.pid, "SIGTERM");
  } catch {
    // it has ended by itself
  }
}

function collect(child: ChildProcess, name: Stream, onLine: ExecOptions["onLine"]): () => string {
  const stream = child[name];
  const chunks: Buffer[] = [];
  if (!stream) return () => "";
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (onLine)
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) =>
      onLine(line, name),
    );
  return () => Buffer.concat(chunks).toString();
}
