/** Things that are built once: kept under a key that says what they were made of. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { keyOf } from "../toolchain/cache.ts";
import { sleep } from "./command.ts";
import { cacheFolder } from "./paths.ts";
import type { Progress } from "./progress.ts";

/** A thing that can be built. */
export interface Recipe {
  /** `kernel`, `disk`. */
  readonly kind: string;
  /** All that the result depends on. */
  readonly ingredients: readonly string[];
  /** Makes the thing in the empty folder `into`; `scratch` is there too, and thrown away in any case. */
  readonly build: (into: string, scratch: string, progress: Progress) => Promise<void>;
}

/** The folder of the built thing, whether it is there or not. */
export function folderOf(recipe: Recipe): string {
  return join(cacheFolder(), `${recipe.kind}-${keyOf(recipe.ingredients)}`);
}

/** True when nothing is left to build. */
export function isBuilt(recipe: Recipe): boolean {
  return existsSync(folderOf(recipe));
}

/** Builds the thing unless it is there. A folder appears whole or not at all; two builders take turns. */
export async function built(recipe: Recipe, progress: Progress): Promise<string> {
  const folder = folderOf(recipe);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const release = await lock(`${folder}.lock`, progress, recipe.kind);
  const scratch = `${folder}.scratch`;
  try {
    if (existsSync(folder)) return folder;
    rmSync(scratch, { recursive: true, force: true });
    const into = join(scratch, "result");
    mkdirSync(into, { recursive: true });
    await recipe.build(into, scratch, progress);
    renameSync(into, folder);
    return folder;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    release();
  }
}

/** Takes the lock, waiting for whoever has it; a lock whose owner is gone counts for nothing. */
async function lock(path: string, progress: Progress, kind: string): Promise<() => void> {
  for (;;) {
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    }
    const owner = ownerOf(path);
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) rmSync(path, { force: true });
    else progress(`waiting for the ${kind} that process ${owner ?? "?"} is building`);
    await sleep(500);
  }
}

function ownerOf(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}
