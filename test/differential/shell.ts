/** A shell that stays open, in namespaces of its own: what runs in it ends with it. */
import { type ChildProcess, spawn } from "node:child_process";
import { endLater, endNow } from "../../infra/machine/groups.ts";
import { quote } from "../../infra/machine/shell.ts";

/** Ends the output of a script, before its exit code. Nothing that is printed there has it. */
const end = "\u001e";

/** A POSIX shell, run by run. */
export interface Shell {
  /** What a script prints, on both streams. Rejects where it ends with another exit code than 0. */
  readonly run: (script: string, timeoutMs?: number) => Promise<string>;
  /** Ends it, and all it has started. */
  readonly close: () => void;
}

/** Where namespaces are made: on this machine, or wherever `wrap` leads to, such as a host of the lab. */
export type Wrap = (argv: readonly string[]) => readonly string[];

/** What makes the namespaces: network, mounts, name, processes. The first process in it takes the others with it. */
const unshare = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child"];

/**
 * Opens a shell in new namespaces. `prepare` is run first, as the machine's own file system is still the root; the shell then
 * sees `root` as its root, if one is given.
 */
export function openShell(wrap: Wrap, prepare: string, root?: string): Shell {
  const inside = root === undefined ? "exec sh" : `exec chroot ${root} sh`;
  const argv = wrap([...unshare, "sh", "-ec", `${prepare}\n${inside}`]);
  const child = spawn(argv[0] ?? "", argv.slice(1), { detached: true, stdio: "pipe" });
  const forget = endLater(child);
  const close = () => {
    child.stdin.end();
    endNow(child, true, "SIGKILL");
  };
  child.on("close", forget);
  child.stdin.on("error", () => {}); // It has ended: whoever waits for its output is told.
  let last: Promise<unknown> = Promise.resolve();
  const run = (script: string, timeoutMs = 30_000): Promise<string> => {
    const next = last.then(() => answer(child, script, timeoutMs, close));
    last = next.catch(() => {});
    return next;
  };
  return { run, close };
}

/** One script, from its first byte to the mark behind its last. */
function answer(child: ChildProcess, script: string, timeoutMs: number, close: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const settle = (then: () => void) => {
      clearTimeout(timer);
      child.stdout?.off("data", take);
      child.stderr?.off("data", hear);
      child.off("close", gone);
      then();
    };
    const take = (data: Buffer) => {
      text += data.toString();
      const at = text.indexOf(end);
      if (at < 0 || !text.endsWith("\n")) return;
      const code = Number(text.slice(at + 1));
      const said = text.slice(0, at);
      if (code === 0) settle(() => resolve(said));
      else settle(() => reject(new Error(`exit code ${code} of: ${script}\n${said}`)));
    };
    const hear = (data: Buffer) => {
      text += data.toString();
    };
    const gone = () => settle(() => reject(new Error(`the shell has ended at: ${script}\n${text}`)));
    const timer = setTimeout(() => {
      close();
      settle(() => reject(new Error(`not done within ${timeoutMs} ms: ${script}\n${text}`)));
    }, timeoutMs);
    child.stdout?.on("data", take);
    child.stderr?.on("data", hear);
    child.on("close", gone);
    if (child.exitCode !== null) return gone();
    child.stdin?.write(`eval ${quote(script)} 2>&1 </dev/null; printf '${end}%d\\n' $?\n`);
  });
}
