/** The lock of a stack's state: it stays when the CLI is killed, and only a person can know that nobody works on it. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

const holder = /created by \S+@(?<host>\S+) \(pid (?<pid>\d+)\)/;

/** Whether the CLI refused to work because of a lock. */
export function isLocked(stderr: string): boolean {
  return /the stack is currently locked by \d+ lock/.test(stderr);
}

/** What to tell when it did: who holds it, and the way out. `undefined` if it didn't. */
export function explainLock(stderr: string, alive: (pid: number) => boolean = isAlive): string | undefined {
  if (!isLocked(stderr)) return undefined;
  const found = holder.exec(stderr)?.groups;
  const here = found?.host === hostname();
  const wayOut = "npm run -s pulumi -- cancel --yes";
  if (here && alive(Number(found?.pid)))
    return `Another run (process ${found?.pid}) is at work on this stack: wait for its end.`;
  if (here)
    return `The run that held the lock was killed. Remove its lock, then repeat the command:\n  ${wayOut}`;
  return `If nobody else works on this stack, remove the lock, then repeat the command:\n  ${wayOut}`;
}

/** Whether it is a CLI at work: not a killed one that nobody has collected, nor another program with its number. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const [, name, state] = /\((.*)\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return name === "pulumi" && state !== "Z";
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    return code === "EPERM" || syscall === "open"; // it is another user's; or this system has no /proc
  }
}
