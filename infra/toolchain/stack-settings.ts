/**
 * Where a stack's settings (`Pulumi.<stack>.yaml`) are read and written.
 *
 * The CLI writes into that file: the salt of the passphrase, and every secret, encrypted with that passphrase. For a
 * real stack that is right, its owner commits them. The lab's stack is different: passphrase and secrets are random and
 * belong to one checkout, so a salt that got committed would shut out every other clone ("incorrect passphrase"). For
 * `lab` and `lab-...` the CLI therefore works on a copy under `.state/`, and the committed file stays as it is. When
 * the committed file changes, the copy takes the change over and keeps what was set on it: salt, secrets, other values.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { writeWhole } from "../machine/cache.ts";

type Tree = { [key: string]: unknown };

/** Whether the stack belongs to this checkout alone. */
export function isLocalStack(stack: string): boolean {
  return stack === "lab" || stack.startsWith("lab-");
}

/** The folder of the copies. It holds a copy of Pulumi.yaml too: see `inSettingsFolder` in `arguments.ts`. */
export function settingsFolder(project: string): string {
  return join(project, ".state/settings");
}

export function committedSettings(project: string, stack: string): string {
  return join(project, `Pulumi.${stack}.yaml`);
}

/** The path to use as `--config-file` for a local stack, brought up to date with the committed file. */
export function refreshCopy(project: string, stack: string): string {
  const folder = settingsFolder(project);
  const committed = committedSettings(project, stack);
  const copy = join(folder, `Pulumi.${stack}.yaml`);
  const basis = join(folder, `committed.${stack}.yaml`); // the committed file as it was when last taken over
  writeWhole(join(folder, "Pulumi.yaml"), readFileSync(join(project, "Pulumi.yaml"), "utf8"));

  const theirs = existsSync(committed) ? readFileSync(committed, "utf8") : "";
  if (!existsSync(copy) || !existsSync(basis)) writeWhole(copy, theirs, 0o600);
  else if (readFileSync(basis, "utf8") !== theirs) {
    const merged = mergeSettings(
      parse(readFileSync(basis, "utf8")),
      parse(readFileSync(copy, "utf8")),
      parse(theirs),
    );
    writeWhole(copy, dump(merged, { lineWidth: -1 }), 0o600);
  }
  writeWhole(basis, theirs);
  return copy;
}

/** Three-way merge: what was set or removed on the copy since `basis` stays so; the rest is as in `theirs`. */
export function mergeSettings(basis: Tree, mine: Tree, theirs: Tree): Tree {
  const config = mergeKeys(asTree(basis.config), asTree(mine.config), asTree(theirs.config));
  const rest = mergeKeys({ ...basis, config: {} }, { ...mine, config: {} }, { ...theirs, config: {} });
  return { ...rest, config };
}

function mergeKeys(basis: Tree, mine: Tree, theirs: Tree): Tree {
  const merged: Tree = {};
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const source = same(mine[key], basis[key]) ? theirs : mine;
    if (source[key] !== undefined) merged[key] = source[key];
  }
  return merged;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const parse = (text: string): Tree => asTree(load(text));
const asTree = (value: unknown): Tree => (value && typeof value === "object" ? (value as Tree) : {});
