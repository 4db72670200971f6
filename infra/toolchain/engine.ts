/** `npm run -s engine`: builds the engine when its sources have changed; prints its path as the last line. */
import { copyFileSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { cachePath, isProgram, keyOf, keyOfTree, root } from "./cache.ts";
import { lastLines } from "./cli.ts";
import { exec } from "./exec.ts";
import { withProgress } from "./progress.ts";

const sources = join(root, "engine");

/** Cargo's folder for this checkout: two checkouts in one would take each other's program. */
export function cargoTarget(): string {
  return cachePath("engine", `target-${keyOf([sources])}`);
}

/** The path of the engine's program for this machine's architecture, built if need be. */
export async function engineBinary(): Promise<string> {
  const rustc = await rustVersion();
  const path = cachePath("engine", keyOfTree(sources, isSource, [rustc.text]), "understudy");
  if (!existsSync(path)) await build(rustc.host, path);
  return path;
}

/** What decides the program: everything in engine/ but the crates' integration tests, fuzzers and build output. */
export function isSource(path: string): boolean {
  return !/^(target|fuzz|[^/]+\/tests)$/.test(path);
}

async function rustVersion(): Promise<{ text: string; host: string }> {
  const result = await exec(["rustc", "-vV"], { cwd: sources }).catch(() => undefined);
  const host = /^host: (.+)$/m.exec(result?.stdout ?? "")?.[1];
  if (!host)
    throw new Error("engine: no Rust on PATH. Install it (rustup.rs, or Debian's rustup), then repeat.");
  return { text: result?.stdout ?? "", host };
}

async function build(host: string, path: string): Promise<void> {
  const target = cargoTarget();
  await withProgress("engine: building", async (progress) => {
    const argv = ["cargo", "build", "--release", "--locked", "--target", host, "-p", "understudy"];
    const { code, stderr } = await exec(["nice", ...argv], {
      cwd: sources,
      env: {
        ...process.env,
        CARGO_TARGET_DIR: target,
        RUSTFLAGS: "-C target-feature=+crt-static", // runs on any host of this architecture
      },
      onLine: (line) => progress.say(line),
    });
    if (code !== 0) throw new Error(`engine: cargo build failed:\n${lastLines(stderr, 60)}`);
  });
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  copyFileSync(join(target, host, "release/understudy"), temporary);
  renameSync(temporary, path);
}

if (isProgram(import.meta.filename)) {
  try {
    process.stdout.write(`${await engineBinary()}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
