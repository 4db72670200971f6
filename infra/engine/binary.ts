/** The compiled engine for a host's architecture: found, hashed, and asked for its version. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { must } from "../machine/run.ts";
import { engineBinary } from "../toolchain/engine.ts";

export interface Engine {
  /** On the operator's machine. */
  path: string;
  sha256: string;
  /** What `--version` prints after its name. */
  version: string;
  /** As `uname -m` says it. */
  architecture: string;
}

/** `e_machine` of an ELF file (elf.h: EM_X86_64, EM_AARCH64) by the name that `uname -m` uses. */
const machines: Record<number, string> = { 62: "x86_64", 183: "aarch64" };

/** This machine's architecture, by the same names. */
const here = { x64: "x86_64", arm64: "aarch64" }[process.arch as string] ?? process.arch;

/** The engine: the one that UNDERSTUDY_ENGINE names, else the one that is built here. */
export async function findEngine(env: NodeJS.ProcessEnv = process.env): Promise<Engine> {
  const path = env.UNDERSTUDY_ENGINE || (await engineBinary());
  const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  const architecture = architectureOf(path);
  return { path, sha256, version: await versionOf(path), architecture };
}

/** Of a program that is no ELF file, such as a script, nothing can be said: it runs anywhere. */
export function architectureOf(path: string): string {
  const head = Buffer.alloc(20);
  const file = openSync(path, "r");
  try {
    readSync(file, head, 0, 20, 0);
  } finally {
    closeSync(file);
  }
  if (head.readUInt32BE(0) !== 0x7f454c46) return "any";
  return machines[head.readUInt16LE(18)] ?? `machine ${head.readUInt16LE(18)}`;
}

async function versionOf(path: string): Promise<string> {
  try {
    const said = await must([path, "--version"]);
    return said.trim().split("\n")[0]?.replace(/^\S+ /, "") ?? "";
  } catch (error) {
    // Not by the error: exec hands what it can't run to a shell, which finds nonsense.
    const foreign = !["any", here].includes(architectureOf(path));
    const hint = foreign ? "it is for another architecture than this machine's" : String(error);
    throw new Error(`engine ${path} does not run here: ${hint}`);
  }
}

export function fits(engine: Engine, architecture: string): boolean {
  return engine.architecture === "any" || engine.architecture === architecture;
}
