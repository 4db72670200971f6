/** The lab's secrets: random, kept for this checkout alone, handed to Pulumi on its standard input. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export type Secrets = Record<string, string>;

/** Reads the secrets of a stack from `.state/`, making those that are missing. Eight characters: VRRP has no more. */
export function labSecrets(root: string, stack: string, names: readonly string[]): Secrets {
  const path = join(root, ".state", `secrets.${stack}.json`);
  const known: Secrets = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Secrets) : {};
  const missing = names.filter((name) => known[name] === undefined);
  if (missing.length === 0) return known;
  const all = {
    ...known,
    ...Object.fromEntries(missing.map((name) => [name, randomBytes(4).toString("hex")])),
  };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, JSON.stringify(all), { mode: 0o600 });
  return all;
}
