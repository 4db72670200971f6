/** A lock that is a file, which names its owner: one whose owner is gone counts for nothing. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { sleep } from "./wait.ts";

let taken = 0;

/** Takes the lock, waiting for whoever has it; gives the function that releases it. */
export async function takeLock(path: string, waiting: (owner: number) => void): Promise<() => void> {
  const own = `${path}.${process.pid}-${taken++}`;
  writeFileSync(own, `${process.pid} ${bornAt(process.pid)}\n`);
  try {
    for (;;) {
      try {
        linkSync(own, path); // it is there with its content, or not there
        return () => rmSync(path, { force: true });
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
      }
      const owner = ownerOf(path);
      if (owner === undefined) {
        clearAway(path, `${own}-old`);
        continue;
      }
      waiting(owner);
      await sleep(500);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Removes the lock of an owner who is gone, and not one that somebody else has taken meanwhile. */
function clearAway(path: string, aside: string): void {
  try {
    renameSync(path, aside);
    if (ownerOf(aside) !== undefined) linkSync(aside, path);
  } catch {
    // Another has cleared it away.
  }
  rmSync(aside, { force: true });
}

/** The process that has the lock; undefined where it is nobody's. */
export function ownerOf(path: string): number | undefined {
  try {
    const [pid, born] = readFileSync(path, "utf8").trim().split(" ");
    const owner = Number(pid);
    return isAlive(owner) && bornAt(owner) === (born ?? "") ? owner : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM"; // another user's
  }
}

/** When the process began, in the kernel's ticks: pids are used again. Empty where there is no /proc. */
function bornAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "");
    return stat.split(" ")[19] ?? ""; // starttime, field 22 of proc_pid_stat(5)
  } catch {
    return "";
  }
}
