/** What is fuzzed, where its inputs come from, and how the fuzzers are built and run. */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { cachePath } from "../../infra/machine/cache.ts";
import { root } from "../../infra/machine/checkout.ts";
import { must, type Outcome, run, unlimited } from "../../infra/machine/run.ts";
import { cargoTarget } from "../../infra/toolchain/engine.ts";

const folder = join(root, "engine/fuzz");
const fixtures = join(root, "engine/core/tests/fixtures");

export interface Target {
  name: string;
  /** Bytes of the longest input that is tried. */
  longest: number;
  /** Good inputs that lie in the checkout anyhow. */
  seeds?: () => string[];
  /** Words to try. */
  words?: () => string[];
}

/** One for each `engine/fuzz/targets/NAME.rs`. */
export const targets: readonly Target[] = [
  { name: "config", longest: 4096, seeds: configurations, words: keywords },
  { name: "advert", longest: 512 },
  { name: "bfd", longest: 64 },
  { name: "netlink", longest: 1024 },
  { name: "http_reply", longest: 1024 },
];

function configurations(): string[] {
  const conf = join(fixtures, "conf");
  return readdirSync(conf).flatMap((name) => (name.endsWith(".conf") ? [join(conf, name)] : []));
}

/** All keywords of the language, whether the engine knows them yet or not. */
function keywords(): string[] {
  const lines = readFileSync(join(fixtures, "keywords.tsv"), "utf8").split("\n").slice(1);
  return [...new Set(lines.map((line) => line.split("\t")[2] ?? ""))].filter((word) => /^\w+$/.test(word));
}

/** Why there are no fuzzers here; undefined if there can be. */
export function fuzzUnavailable(): string | undefined {
  const found = (process.env.PATH ?? "").split(delimiter).some((path) => isProgram(join(path, "c++")));
  return found ? undefined : "libFuzzer is C++, and there is no c++ on PATH (Debian's g++)";
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What makes code report its coverage to libFuzzer: with the stable compiler, so without the sanitizers' checks of memory. */
const coverage = [
  "-Cpasses=sancov-module",
  "-Cllvm-args=-sanitizer-coverage-level=4",
  "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
  "-Cllvm-args=-sanitizer-coverage-pc-table",
  "-Cllvm-args=-sanitizer-coverage-trace-compares",
  "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
  "--cfg",
  "fuzzing",
];

/** Builds all fuzzers; the folder they lie in. */
export async function build(onLine: (line: string) => void): Promise<string> {
  const host = /^host: (.+)$/m.exec(await must(["rustc", "-vV"], { cwd: folder, timeoutMs: 600_000 }))?.[1];
  if (!host) throw new Error("rustc -vV names no host");
  const target = join(cargoTarget(), "fuzz");
  await must(["nice", "cargo", "build", "--release", "--locked", "--target", host], {
    cwd: folder,
    env: { ...process.env, CARGO_TARGET_DIR: target, RUSTFLAGS: coverage.join(" ") },
    timeoutMs: unlimited,
    onLine: (line) => onLine(line.trim()),
  });
  return join(target, host, "release");
}

/** The inputs that are kept in the checkout: small, and each reaches something that no other does. */
export const corpus = (target: Target): string => join(folder, "corpus", target.name);

/** Where a run puts what it finds; the next one goes on from there. */
export function found(target: Target): string {
  const path = cachePath("fuzz", target.name);
  mkdirSync(path, { recursive: true });
  return path;
}

export interface Limits {
  seconds: number;
  /** Inputs; the same ones each time. Unlimited: other ones each time, and those that reach something new are kept. */
  inputs?: number;
}

/** Runs a fuzzer. An input that breaks the code ends it with an exit code, and lies in `broken` then. */
export async function fuzz(
  programs: string,
  target: Target,
  limits: Limits,
  broken: string,
  onLine: (line: string) => void,
): Promise<Outcome> {
  const { seconds, inputs } = limits;
  const seeds = target.seeds?.() ?? [];
  const words =
    target.words === undefined ? [] : [`-dict=${dictionary(target.name, target.words(), broken)}`];
  return run(
    [
      join(programs, target.name),
      `-max_total_time=${seconds}`,
      ...(inputs === undefined ? [] : [`-runs=${inputs}`, "-seed=1"]),
      `-max_len=${target.longest}`,
      "-timeout=20",
      "-rss_limit_mb=1024",
      `-artifact_prefix=${broken}/`,
      "-print_final_stats=1",
      ...words,
      ...(seeds.length > 0 ? [`-seed_inputs=${seeds.join(",")}`] : []),
      ...(inputs === undefined ? [found(target)] : []),
      ...(existsSync(corpus(target)) ? [corpus(target)] : []),
    ],
    { timeoutMs: (seconds + 60) * 1000, onLine },
  );
}

/** Puts what was found into the checkout: the fewest inputs that reach as much. */
export async function keep(programs: string, target: Target, onLine: (line: string) => void): Promise<void> {
  mkdirSync(corpus(target), { recursive: true });
  await must(
    [
      join(programs, target.name),
      "-set_cover_merge=1",
      "-use_counters=0", // what is reached counts, not how often
      `-max_len=${target.longest}`,
      corpus(target),
      found(target),
    ],
    { timeoutMs: 600_000, onLine },
  );
}

/** In libFuzzer's form, a word a line. */
function dictionary(name: string, words: string[], into: string): string {
  const path = join(into, `${name}.dict`);
  writeFileSync(path, words.map((word) => `"${word}"\n`).join(""));
  return path;
}
