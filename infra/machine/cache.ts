/**
 * Where built things are kept: one folder per user, outside the checkout, keyed by content. A second clone finds what
 * the first has built, and nothing there ever has to be invalidated.
 */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";

/** A folder in the cache. Only named, not made. */
export function cachePath(...parts: string[]): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(base, "understudy", ...parts);
}

/** A key of 16 hexadecimal digits for the given texts; their borders count: ("ab", "c") is not ("a", "bc"). */
export function keyOf(parts: Iterable<string | Uint8Array>): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    hash.update(`${part.length}:`);
    hash.update(part);
  }
  return hash.digest("hex").slice(0, 16);
}

/** All files below `folder` whose relative path `wanted` accepts, sorted; a refused folder is not entered. */
export function filesBelow(folder: string, wanted: (path: string) => boolean): string[] {
  const found: string[] = [];
  const visit = (dir: string): void => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      const path = join(dir, entry.name);
      if (!wanted(relative(folder, path))) continue;
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) found.push(path);
    }
  };
  visit(folder);
  return found.sort();
}

/** The key of a tree: names and contents, not times and modes. */
export function keyOfTree(folder: string, wanted: (path: string) => boolean, more: string[] = []): string {
  const files = filesBelow(folder, wanted);
  return keyOf([...files.flatMap((path) => [relative(folder, path), readFileSync(path)]), ...more]);
}

/** Writes a file so that nobody ever sees half of it; leaves it alone when it already has that content. */
export function writeWhole(path: string, content: string, mode = 0o644): void {
  try {
    if (readFileSync(path, "utf8") === content) return;
  } catch {
    mkdirSync(dirname(path), { recursive: true });
  }
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, content, { mode });
  chmodSync(temporary, mode);
  renameSync(temporary, path);
}
