/** The process groups of running programs: Ctrl-C does not reach them, so they end when we are ended. */
import type { ChildProcess } from "node:child_process";

const groups = new Set<ChildProcess>();
let watching = false;

/** Sees to it that the group of that program ends when we are ended; gives the function that calls it off. */
export function endLater(leader: ChildProcess): () => void {
  if (leader.pid !== undefined) groups.add(leader);
  watchForOurEnd();
  return () => groups.delete(leader);
}

/** Ends a program, or its whole group. */
export function endNow(child: ChildProcess, group: boolean, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  try {
    process.kill(group ? -child.pid : child.pid, signal);
  } catch {
    // It has ended just now.
  }
}

function endGroups(): void {
  for (const leader of groups) endNow(leader, true, "SIGTERM");
}

function watchForOurEnd(): void {
  if (watching) return;
  watching = true;
  process.on("exit", endGroups);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // Once, then again without us: whoever else listens has the say, and by default the process ends.
    process.once(signal, () => {
      endGroups();
      process.kill(process.pid, signal);
    });
  }
}
