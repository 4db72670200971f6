/** The hosts' own disks: what each has written, beside the shared one. A reset is a deletion, a snapshot a copy. */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { must } from "../machine/run.ts";
import type { HostName } from "./address.ts";
import { imagePath } from "./image.ts";
import type { Places } from "./paths.ts";

/** The key of the shared disk: what was written over another one is of no use over this one. */
function baseKey(): string {
  return basename(dirname(imagePath()));
}

/** The file of what the host has written. */
export function diskOf(places: Places, host: HostName): string {
  return join(places.state, "disks", `${host}-${baseKey()}.cow`);
}

/** Makes room for the host's disk, and throws away what can't be booted from: half-made, or of an older base. */
export function prepareDisk(places: Places, host: HostName): void {
  const folder = join(places.state, "disks");
  mkdirSync(folder, { recursive: true });
  const own = basename(diskOf(places, host));
  for (const name of readdirSync(folder)) {
    if (name.startsWith(`${host}-`) && name !== own) rmSync(join(folder, name));
  }
  if (!isSound(diskOf(places, host))) rmSync(diskOf(places, host), { force: true });
}

/** Throws the host's disk away. */
export function resetDisk(places: Places, host: HostName): void {
  rmSync(diskOf(places, host), { force: true });
}

/** The kernel writes the header of a copy-on-write file first; a start that was cut short may have left none. */
export function isSound(cow: string): boolean {
  if (!existsSync(cow)) return false;
  const file = openSync(cow, "r");
  try {
    const magic = Buffer.alloc(4);
    return readSync(file, magic) === 4 && magic.toString("latin1") === "OOOM";
  } finally {
    closeSync(file);
  }
}

/** Copies the disks of hosts that are off into a snapshot; a host that has no disk yet has an empty one there. */
export async function saveDisks(places: Places, hosts: readonly HostName[], snapshot: string): Promise<void> {
  const folder = snapshotFolder(places, snapshot);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const host of hosts) {
    const disk = diskOf(places, host);
    if (existsSync(disk)) await copy(disk, join(folder, basename(disk)));
  }
}

/** Puts the disks of a snapshot back in place. */
export async function restoreDisks(
  places: Places,
  hosts: readonly HostName[],
  snapshot: string,
): Promise<void> {
  const folder = snapshotFolder(places, snapshot);
  if (!existsSync(folder)) throw new Error(`no snapshot ${snapshot} in this lab`);
  for (const host of hosts) {
    const disk = diskOf(places, host);
    resetDisk(places, host);
    const saved = join(folder, basename(disk));
    if (existsSync(saved)) await copy(saved, disk);
  }
}

function snapshotFolder(places: Places, snapshot: string): string {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(snapshot))
    throw new Error(`snapshot ${snapshot}: expected a-z, 0-9 and -`);
  return join(places.state, "snapshots", snapshot);
}

async function copy(from: string, to: string): Promise<void> {
  await must(["cp", "--sparse=always", "--preserve=timestamps", from, to], { timeoutMs: 300_000 });
}
