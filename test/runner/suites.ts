/** The suites of `npm test`, in the order in which they run. Each says on the terminal what it does. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labUnavailable } from "../../infra/lab/requirements.ts";
import { root } from "../../infra/machine/checkout.ts";
import { lastLines, run, runInForeground, unlimited } from "../../infra/machine/run.ts";
import { pulumiCli } from "../../infra/toolchain/cli.ts";
import { cargoTarget, engineBinary } from "../../infra/toolchain/engine.ts";
import {
  build as buildFuzzers,
  type Target as FuzzTarget,
  fuzz,
  fuzzUnavailable,
  targets,
} from "../fuzz/targets.ts";
import { type Count, countCargo, countOne, countVitest, nothing, sum } from "./count.ts";

export interface Result extends Count {
  /** Why something was left out. */
  note?: string;
}

/** Runs a suite; `filters` choose test files by a part of their path. */
export type Suite = (filters: string[]) => Promise<Result>;

const engine = join(root, "engine");

export const suites: Record<string, Suite> = {
  lint: async () => sum([await program("biome", "check", "."), await program("tsc", "-p", ".")]),
  toolchain: async () => sum([await build(() => pulumiCli()), await build(() => engineBinary())]),
  unit: (filters) => vitest("unit", filters),
  engine: async () =>
    sum([
      await cargo("fmt", "--all", "--check"),
      await cargo("clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"),
      await cargoTests(),
    ]),
  beside: (filters) => vitest("beside", filters),
  fuzz: async () => {
    const note = fuzzUnavailable();
    if (note !== undefined) return { ...nothing, skipped: targets.length, note };
    process.stdout.write("$ npm run fuzz, the same few inputs each time\n");
    const programs = await buildFuzzers((line) => process.stdout.write(`${line}\n`));
    return sum(await Promise.all(targets.map((target) => fuzzBriefly(programs, target))));
  },
  e2e: async (filters) => {
    const reason = labUnavailable();
    if (reason === undefined) return vitest("e2e", filters);
    return { ...(await vitest("e2e", filters, skipAll)), note: reason };
  },
};

/** Only these take filters; the others are run whole or not at all. */
export const filtered = ["unit", "beside", "e2e"];

async function program(...argv: string[]): Promise<Count> {
  process.stdout.write(`$ ${argv.join(" ")}\n`);
  return countOne(await runInForeground(argv));
}

async function build(thing: () => Promise<unknown>): Promise<Count> {
  try {
    await thing();
    return countOne(0);
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return countOne(1);
  }
}

const cargoSettings = () => ({
  cwd: engine,
  env: { ...process.env, CARGO_TARGET_DIR: cargoTarget() },
  timeoutMs: unlimited,
  onLine: (line: string) => process.stdout.write(`${line}\n`),
});

async function cargo(...args: string[]): Promise<Count> {
  process.stdout.write(`$ cargo ${args.join(" ")}\n`);
  return countOne((await run(["cargo", ...args], cargoSettings())).code);
}

async function cargoTests(): Promise<Count> {
  const args = ["test", "--workspace", "--locked", "--no-fail-fast"];
  process.stdout.write(`$ cargo ${args.join(" ")}\n`);
  const { stdout, code } = await run(["cargo", ...args], cargoSettings());
  return countCargo(stdout, code);
}

const vitestArguments = (project: string) => [
  join(root, "node_modules/vitest/vitest.mjs"),
  // Read by Node.js itself, or vite would write a compiled copy into node_modules, which may be read-only.
  ...["--config", "test/vitest.config.ts", "--configLoader", "native", "--project", project],
];

/** The corpus and what is near it: the same inputs for the same program, so that a failure is one that comes again. */
async function fuzzBriefly(programs: string, target: FuzzTarget): Promise<Count> {
  return withFolder(async (folder) => {
    let said = "";
    const { code } = await fuzz(programs, target, { seconds: 25, inputs: 20_000 }, folder, (line) => {
      said += `${line}\n`;
    });
    const broken = readdirSync(folder).find((name) => !name.endsWith(".dict"));
    if (code !== 0) process.stdout.write(`${lastLines(said, 60)}\n`);
    if (broken !== undefined) {
      const input = readFileSync(join(folder, broken)).toString("base64");
      process.stdout.write(`fuzz ${target.name}: the input as base64: ${input}\n`);
    }
    process.stdout.write(`fuzz ${target.name}: ${code === 0 ? "ok" : "FAILED"}\n`);
    return countOne(code);
  });
}

/** A pattern that no test's name matches: all are counted as skipped, and no hook of theirs runs. */
const skipAll = ["--testNamePattern", "(?!)"];

async function vitest(project: string, filters: string[], more: string[] = []): Promise<Count> {
  return withReport(async (path) => {
    const code = await runInForeground([
      ...[process.execPath, ...vitestArguments(project), "run", ...more, ...filters],
      ...["--reporter", project === "unit" ? "default" : "verbose"],
      ...["--reporter", "json", "--outputFile.json", path],
      ...(filters.length > 0 ? ["--passWithNoTests"] : []),
    ]);
    const report = read(path);
    return filters.length > 0 && code === 0 && isEmpty(report) ? nothing : countVitest(report, code);
  });
}

const withReport = <T>(work: (path: string) => Promise<T>): Promise<T> =>
  withFolder((folder) => work(join(folder, "report.json")));

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "understudy-test-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const isEmpty = (report: string | undefined): boolean =>
  report === undefined || (JSON.parse(report) as { numTotalTests: number }).numTotalTests === 0;
