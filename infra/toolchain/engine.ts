/** `npm run -s engine`: builds the engine when its sources have changed; prints its path as the last line. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { built, type Recipe } from "../machine/built.ts";
import { cachePath, keyOf, keyOfTree } from "../machine/cache.ts";
import { isProgram, root } from "../machine/checkout.ts";
import type { Progress } from "../machine/progress.ts";
import { markUsed, prune } from "../machine/prune.ts";
import { lastLines, run, unlimited } from "../machine/run.ts";

const sources = join(root, "engine");

/** Cargo's folder for this checkout, noted as used: two checkouts in one would take each other's program. */
export function cargoTarget(): string {
  const folder = cachePath("engine", `target-${keyOf([sources])}`);
  markUsed(folder);
  return folder;
}

/**
 * The path of the engine's program for this machine's architecture, built if need be. Without `progress`, that is shown
 * on stderr.
 */
export async function engineBinary(progress?: Progress): Promise<string> {
  return built(engineRecipe(await rustVersion()), progress);
}

function engineRecipe(rustc: Rust): Recipe {
  return {
    title: "engine",
    shelf: "engine",
    name: keyOfTree(sources, isSource, [rustc.text]),
    kind: /^[0-9a-f]{16}$/,
    result: "understudy",
    build: (into, _scratch, progress) => build(rustc.host, into, progress),
  };
}

/** What decides the program: everything in engine/ but the crates' integration tests, fuzzers and build output. */
export function isSource(path: string): boolean {
  return !/^(target|fuzz|[^/]+\/tests)$/.test(path);
}

interface Rust {
  /** All that it says of itself. */
  text: string;
  host: string;
}

async function rustVersion(): Promise<Rust> {
  // Time enough for rustup to fetch the toolchain first.
  const result = await run(["rustc", "-vV"], { cwd: sources, timeoutMs: 600_000 }).catch(() => undefined);
  const host = /^host: (.+)$/m.exec(result?.stdout ?? "")?.[1];
  if (!host)
    throw new Error("engine: no Rust on PATH. Install it (rustup.rs, or Debian's rustup), then repeat.");
  return { text: result?.stdout ?? "", host };
}

async function build(host: string, into: string, progress: Progress): Promise<void> {
  const target = cargoTarget();
  const argv = ["cargo", "build", "--release", "--locked", "--target", host, "-p", "understudy"];
  const { code, stderr } = await run(["nice", ...argv], {
    cwd: sources,
    env: {
      ...process.env,
      CARGO_TARGET_DIR: target,
      RUSTFLAGS: "-C target-feature=+crt-static", // runs on any host of this architecture
    },
    timeoutMs: unlimited,
    onLine: (line) => progress(line.trim().replace(/ \(\/.*\)$/, "")),
  });
  if (code !== 0) throw new Error(`engine: cargo build failed:\n${lastLines(stderr, 60)}`);
  copyFileSync(join(target, host, "release/understudy"), join(into, "understudy"));
  prune(cachePath("engine"), /^target-[0-9a-f]{16}$/, target); // those of checkouts that are gone
}

if (isProgram(import.meta.filename)) {
  try {
    process.stdout.write(`${await engineBinary()}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
