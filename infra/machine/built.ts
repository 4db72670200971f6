/** Things that are built once: kept in the cache under a key that says what they were made of. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { cachePath } from "./cache.ts";
import { takeLock } from "./lock-file.ts";
import { type Progress, underTitle } from "./progress.ts";
import { markUsed, prune } from "./prune.ts";

/** A thing that can be built. */
export interface Recipe {
  /** What it is, for those who wait: `kernel`, `engine`. */
  readonly title: string;
  /** The folder of the cache that it is kept in. */
  readonly shelf: string;
  /** Its own folder there; the key of all that the result depends on is part of the name. */
  readonly name: string;
  /** Names of the things of its kind on that shelf, of which only the last few are kept. */
  readonly kind: RegExp;
  /** The file in its folder that is wanted of it. */
  readonly result: string;
  /** Makes the thing in the empty folder `into`; `scratch` is there too, and thrown away in any case. */
  readonly build: (into: string, scratch: string, progress: Progress) => Promise<void>;
}

/** The folder of the built thing, whether it is there or not. */
export function folderOf(recipe: Recipe): string {
  return join(cachePath(recipe.shelf), recipe.name);
}

/** The path of what is wanted of it, whether it is there or not. */
export function resultOf(recipe: Recipe): string {
  return join(folderOf(recipe), recipe.result);
}

/** True when nothing is left to build. */
export function isBuilt(recipe: Recipe): boolean {
  return existsSync(resultOf(recipe));
}

/**
 * Builds the thing unless it is there; gives the path of what is wanted of it. Its folder appears whole or not at all;
 * two builders take turns. Without `progress`, what takes long is shown on stderr.
 */
export async function built(recipe: Recipe, progress?: Progress): Promise<string> {
  const folder = folderOf(recipe);
  if (!isBuilt(recipe)) await underTitle(recipe.title, (tell) => build(recipe, tell), { progress });
  markUsed(folder);
  return resultOf(recipe);
}

async function build(recipe: Recipe, progress: Progress): Promise<void> {
  const folder = folderOf(recipe);
  mkdirSync(dirname(folder), { recursive: true });
  const release = await takeLock(`${folder}.lock`, (owner) =>
    progress(`waiting for process ${owner}, which is building it`),
  );
  const scratch = `${folder}.scratch`;
  try {
    if (isBuilt(recipe)) return;
    rmSync(scratch, { recursive: true, force: true });
    const into = join(scratch, "result");
    mkdirSync(into, { recursive: true });
    await recipe.build(into, scratch, progress);
    rmSync(folder, { recursive: true, force: true });
    renameSync(into, folder);
    prune(dirname(folder), recipe.kind, folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    release();
  }
}
