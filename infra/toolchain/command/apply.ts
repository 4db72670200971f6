/** Does what a resource of the command plugin says: runs its command, here or there, or copies its file. */
import { readFile } from "node:fs/promises";
import { type Outcome, run as runProgram, unlimited } from "../../machine/run.ts";
import { quote } from "../../machine/shell.ts";
import type { Props } from "../../provider/rpc.ts";
import { type Connection, ssh } from "./ssh.ts";

export type Kind = "command:local:Command" | "command:remote:Command" | "command:remote:CopyToRemote";

interface Command {
  connection: Connection;
  create?: string;
  update?: string;
  delete?: string;
  stdin?: string;
  environment?: Record<string, string>;
  /** Whether a later command finds the earlier one's output in its environment; default true. */
  addPreviousOutputInEnv?: boolean;
  dir?: string;
  interpreter?: string[];
  stdout?: string;
  stderr?: string;
}

interface Copy {
  connection: Connection;
  remotePath: string;
  source: { path?: string; text?: string };
}

/** Creates (without `old`) or updates; returns the resource's properties. */
export async function apply(
  kind: Kind,
  inputs: Props,
  old: Props | undefined,
  signal: AbortSignal,
): Promise<Props> {
  if (kind === "command:remote:CopyToRemote") {
    await copy(inputs as unknown as Copy, signal);
    return inputs;
  }
  const command = inputs as unknown as Command;
  const line = old ? (command.update ?? command.create) : command.create;
  const before = { stdout: String(old?.stdout ?? ""), stderr: String(old?.stderr ?? "") };
  if (!line) return { ...inputs, ...before };
  const { stdout, stderr } = await run(kind, command, line, old ? before : undefined, signal);
  return { ...inputs, stdout: stdout.replace(/\n$/, ""), stderr: stderr.replace(/\n$/, "") };
}

/** Runs the resource's `delete`, if it has one. */
export async function remove(kind: Kind, props: Props, signal: AbortSignal): Promise<void> {
  const command = props as unknown as Command;
  if (!command.delete) return;
  const before = { stdout: command.stdout ?? "", stderr: command.stderr ?? "" };
  await run(kind, command, command.delete, before, signal);
}

async function run(
  kind: Kind,
  command: Command,
  line: string,
  before: { stdout: string; stderr: string } | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  const previous =
    before && command.addPreviousOutputInEnv !== false
      ? { PULUMI_COMMAND_STDOUT: before.stdout, PULUMI_COMMAND_STDERR: before.stderr }
      : {};
  const env = { ...command.environment, ...previous };
  const stdin = command.stdin ?? "";
  const result =
    kind === "command:remote:Command"
      ? await ssh(command.connection, line, { stdin, env, signal })
      : await runProgram([...(command.interpreter ?? ["/bin/sh", "-c"]), line], {
          ...(command.dir && { cwd: command.dir }),
          env: { ...process.env, ...env },
          stdin,
          signal,
          timeoutMs: unlimited, // the resource's own limits come as `signal`
        });
  return succeeded(result, "the command");
}

async function copy(inputs: Copy, signal: AbortSignal): Promise<void> {
  const content = inputs.source.path ? await readFile(inputs.source.path) : (inputs.source.text ?? "");
  const result = await ssh(inputs.connection, `cat >${quote(inputs.remotePath)}`, {
    stdin: content,
    env: {},
    signal,
  });
  succeeded(result, `copying to ${inputs.remotePath}`);
}

function succeeded(result: Outcome, what: string): Outcome {
  if (result.code === 0) return result;
  throw new Error(`${what} ended with exit code ${result.code}\n${result.stderr || result.stdout}`.trim());
}
