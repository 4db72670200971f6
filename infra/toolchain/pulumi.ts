/**
 * `npm run -s pulumi -- ARGUMENTS`: the Pulumi CLI with this project's settings; and the same as a function.
 *
 * State, passphrase and the lab's settings are under `.state/` of the checkout, unless the environment says otherwise
 * (PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE). With no stack named and none selected
 * it is `lab`; a stack that has a `Pulumi.<stack>.yaml` but doesn't exist yet is made.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { openLab } from "../lab/lab.ts";
import { labPulumiOptions } from "../lab/pulumi.ts";
import { cachePath } from "../machine/cache.ts";
import { isProgram, root } from "../machine/checkout.ts";
import { type Outcome, run, runInForeground, type Stream, unlimited } from "../machine/run.ts";
import { inSettingsFolder, namedStack, needsStack, withConfigFile } from "./arguments.ts";
import { type Cli, pulumiCli } from "./cli.ts";
import { explainLock } from "./lock.ts";
import { committedSettings, isLocalStack, refreshCopy, settingsFolder } from "./stack-settings.ts";

export interface PulumiOptions {
  onLine?: (line: string, stream: Stream) => void;
  /** What the CLI reads; the way to hand over a secret: `pulumi(["config", "set", "--secret", key], { stdin })`. */
  stdin?: string;
  /** Added to the environment. */
  env?: Record<string, string>;
  /** Changes how the CLI is started, as in `(argv) => ["ip", "netns", "exec", "lab", ...argv]`. */
  wrap?: (argv: string[]) => string[];
  /** The folder with Pulumi.yaml; default: the checkout. */
  project?: string;
  signal?: AbortSignal;
}

/** An update takes what it takes, and answers Ctrl-C by itself: it finishes the step that it is at. */
const patient = { timeoutMs: unlimited, group: false };

/** Runs the CLI to its end, whatever its exit code; prints nothing by itself. */
export async function pulumi(args: string[], options: PulumiOptions = {}): Promise<Outcome> {
  const { argv, env } = await prepare(args, options);
  return run(argv, { ...patient, ...options, env, stdin: options.stdin ?? "" });
}

interface Prepared {
  argv: string[];
  env: NodeJS.ProcessEnv;
}

async function prepare(args: string[], options: PulumiOptions): Promise<Prepared> {
  const project = options.project ?? root;
  const cli = await pulumiCli();
  const env = { ...environment(cli, project), ...options.env };
  const argv = (folder: string, more: string[]) => [cli.path, "-C", folder, ...more];
  const asIs = (line: string[]) => line;
  const named = namedStack(args) ?? env.PULUMI_STACK;
  if (!named && !needsStack(args)) return { argv: (options.wrap ?? asIs)(argv(project, args)), env };

  const cliIn = (folder: string) => (more: string[]) => run(argv(folder, more), { ...patient, env });
  const stacks = needsStack(args) ? await listStacks(cliIn(project)) : [];
  const stack = named ?? stacks.find((one) => one.current)?.name ?? "lab";
  const local = isLocalStack(stack);
  const copy = local ? refreshCopy(project, stack) : undefined;
  const home = local ? settingsFolder(project) : project;
  if (needsStack(args)) {
    const missing = !stacks.some((one) => one.name === stack);
    if (missing && (local || existsSync(committedSettings(project, stack)))) {
      await must(cliIn(home)(["stack", "init", "--stack", stack, "--no-select", "--non-interactive"]));
    }
    if (!named && !stacks.some((one) => one.current)) {
      await must(cliIn(project)(["stack", "select", "--stack", stack, "--non-interactive"]));
    }
  }
  const folder = inSettingsFolder(args) ? home : project;
  const inLab = local && !options.wrap ? await labPulumiOptions(openLab()) : undefined;
  const wrap = options.wrap ?? inLab?.wrap ?? asIs;
  return {
    argv: wrap(argv(folder, copy ? withConfigFile(args, copy) : args)),
    env: { ...env, ...inLab?.env },
  };
}

interface Stack {
  name: string;
  current: boolean;
}

async function listStacks(cli: (args: string[]) => Promise<Outcome>): Promise<Stack[]> {
  const { stdout } = await must(cli(["stack", "ls", "--json"]));
  return JSON.parse(stdout) as Stack[];
}

async function must(running: Promise<Outcome>): Promise<Outcome> {
  const result = await running;
  if (result.code !== 0) throw new Error(`pulumi: ${result.stderr.trim() || result.stdout.trim()}`);
  return result;
}

/** The whole environment of the CLI. Makes what it names: the state's folder and the passphrase. */
export function environment(
  cli: Cli,
  project: string,
  own: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const state = join(project, ".state");
  const passphrase = join(state, "passphrase");
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const env: NodeJS.ProcessEnv = {
    NODE_COMPILE_CACHE: cachePath("node"), // saves 0.5 s of every preview
    PULUMI_BACKEND_URL: `file://${state}`,
    ...own,
    ...cli.env,
    PATH: [dirname(process.execPath), own.PATH ?? ""].join(delimiter), // plugins start `node`: this one
  };
  if (env.PULUMI_CONFIG_PASSPHRASE === undefined && env.PULUMI_CONFIG_PASSPHRASE_FILE === undefined) {
    if (!existsSync(passphrase))
      writeFileSync(passphrase, randomBytes(24).toString("base64"), { mode: 0o600 });
    env.PULUMI_CONFIG_PASSPHRASE_FILE = passphrase;
  }
  return env;
}

async function main(args: string[]): Promise<number> {
  const { argv, env } = await prepare(args, {});
  let stderr = "";
  const code = await runInForeground(argv, {
    env,
    onStderr: (text) => {
      stderr += text;
    },
  });
  const explanation = explainLock(stderr);
  if (explanation) process.stderr.write(`${explanation}\n`);
  return code;
}

if (isProgram(import.meta.filename)) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
