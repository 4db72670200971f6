/** Throws away what was built once and is of no use any more. */
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { ownerOf } from "./lock-file.ts";

const day = 24 * 3600 * 1000;
/** Of one kind so many stay, unless they have not been used for `keptMs`. */
const keptCount = 2;
const keptMs = 30 * day;
/** What was used so lately stays in any case: another checkout works with it. */
const busyMs = day;

/** Notes that the folder is in use, for the next `prune` to see. */
export function markUsed(folder: string, now: Date = new Date()): void {
  if (existsSync(folder)) utimesSync(folder, now, now);
}

/** Removes from `shelf` the things of that kind that are not among the last used, and what dead builders left. */
export function prune(shelf: string, kind: RegExp, current: string, now: number = Date.now()): void {
  const entries = readdirSync(shelf);
  const idleMs = (path: string) => now - statSync(path).mtimeMs;
  entries
    .filter((name) => kind.test(name))
    .map((name) => join(shelf, name))
    .filter((path) => path !== current)
    .sort((a, b) => idleMs(a) - idleMs(b))
    // The current one is the first of those that stay.
    .filter((path, at) => idleMs(path) > keptMs || (at + 1 >= keptCount && idleMs(path) > busyMs))
    .forEach(remove);
  for (const name of entries) {
    const thing = /^(.+)\.scratch$/.exec(name)?.[1];
    if (thing === undefined || !kind.test(thing)) continue;
    const lock = join(shelf, `${thing}.lock`);
    if (!existsSync(lock) || ownerOf(lock) === undefined) remove(join(shelf, name));
  }
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
