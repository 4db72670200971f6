/**
 * What a generation consists of, as it is written beside its files on the host: enough to go back to it without the
 * program that made it. It lies in a folder that only root can read, and holds hashes, not contents.
 */
import { createHash } from "node:crypto";
import type { AcceptRule, HostArgs, MarkRule, UnitState } from "./schema.ts";
import { fill } from "./secrets.ts";

export interface ManifestFile {
  /** SHA-256 of the text on the disk, secrets filled in. */
  sha256: string;
  mode: string;
  owner: string;
}

/** The wanted state of a host, as `steps` compares it with the live one. */
export interface Wanted {
  files: Record<string, ManifestFile>;
  sysctls: Record<string, string>;
  addresses: Record<string, string[]>;
  marks: Record<string, MarkRule>;
  accepts: Record<string, AcceptRule>;
  units: Record<string, UnitState>;
  /** SHA-256 of the engine's binary; empty on a host that runs none. */
  engine: string;
}

export interface Manifest extends Wanted {
  /** Folder's name, `<number>-<hash>`. */
  name: string;
  /** Addresses that we have added and may take away again, by device. */
  ownAddresses: Record<string, string[]>;
}

/** The engine's main configuration; its hash is what the engine reports back. */
export const engineConfig = "/etc/understudy/understudy.conf";
export const engineUnit = "understudy.service";

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export function wantedOf(args: HostArgs): Wanted {
  const files = Object.entries(args.files).map(([path, file]) => [
    path,
    { sha256: sha256(fill(file.content, args.secrets)), mode: file.mode, owner: file.owner },
  ]);
  return {
    files: Object.fromEntries(files),
    sysctls: args.sysctls,
    addresses: args.addresses,
    marks: args.marks,
    accepts: args.accepts,
    units: args.units,
    engine: args.engine?.sha256 ?? "",
  };
}

/** Two wanted states are the same generation when this is the same. */
export function fingerprint(wanted: Wanted): string {
  const { files, sysctls, addresses, marks, accepts, units, engine } = wanted;
  return sha256(canonical({ files, sysctls, addresses, marks, accepts, units, engine })).slice(0, 12);
}

/** JSON with sorted keys: the order in which the engine hands maps over means nothing. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
