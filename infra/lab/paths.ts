/** Where the lab keeps its things. */
import { cachePath } from "../machine/cache.ts";

/** Folder of the cache for the kernel and the disk, shared by all labs of this user. */
export const labShelf = "lab";

/**
 * The name of the lab that this process works with: `UNDERSTUDY_LAB`, else `lab`. Labs of different names
 * share nothing but the read-only disk, and run side by side.
 */
export function labName(): string {
  const name = process.env.UNDERSTUDY_LAB || "lab";
  if (!/^[a-z0-9][a-z0-9-]{0,15}$/.test(name)) {
    throw new Error(`UNDERSTUDY_LAB=${name}: expected at most 16 of a-z, 0-9 and -, not starting with -`);
  }
  return name;
}

/** The places of one lab. */
export interface Places {
  readonly name: string;
  /** The network namespace. */
  readonly namespace: string;
  /** What outlives the machine's reboot: disks, keys, consoles, snapshots. */
  readonly state: string;
  /** What does not: pid files and sockets. Short, since a socket's path has at most 107 characters. */
  readonly run: string;
}

/** The places of the lab of that name. */
export function placesOf(name: string): Places {
  return {
    name,
    namespace: `understudy-${name}`,
    state: cachePath(labShelf, "run", name),
    run: `/run/understudy-lab/${name}`,
  };
}
