/** A host over the system's OpenSSH: its configuration, agents and jump hosts work as the operator knows them. */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../host/schema.ts";
import { type Connect, type Output, type Transport, Unreachable } from "./transport.ts";

/** OpenSSH's own exit code for "no session was had". */
const noSession = 255;

/**
 * Opens hosts by OpenSSH, one shared connection per host. What it needs on disk (known_hosts, control sockets) is in a
 * private folder that is removed at exit.
 */
export function openssh(): Connect {
  const folder = mkdtempSync(join(tmpdir(), "understudy-"));
  const opened = new Map<string, string[]>();
  process.on("exit", () => {
    for (const args of opened.values()) spawnSync("ssh", ["-O", "exit", ...args], { stdio: "ignore" });
    rmSync(folder, { recursive: true, force: true });
  });
  return (connection) => {
    const key = createHash("sha256").update(JSON.stringify(connection)).digest("hex").slice(0, 16);
    let args = opened.get(key);
    if (!args) {
      mkdirSync(join(folder, key), { recursive: true, mode: 0o700 });
      args = sshArguments(connection, join(folder, key));
      opened.set(key, args);
    }
    return over(connection, args);
  };
}

/** The command line up to the host's name. Nothing secret is in it. */
export function sshArguments(connection: Connection, folder: string): string[] {
  const knownHosts = join(folder, "known_hosts");
  writeFileSync(knownHosts, knownHostsFile(connection), { mode: 0o600 });
  const options = {
    BatchMode: "yes",
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: "/dev/null",
    ControlMaster: "auto",
    ControlPath: join(folder, "control"),
    ControlPersist: "15",
    ConnectTimeout: "5",
    ServerAliveInterval: "5",
    ServerAliveCountMax: "3",
    LogLevel: "ERROR",
  };
  return [
    ...Object.entries(options).map(([name, value]) => `-o${name}=${value}`),
    ...(connection.identityFile ? ["-oIdentitiesOnly=yes", "-i", connection.identityFile] : []),
    ...["-p", String(connection.port), "-l", connection.user, "--", connection.host],
  ];
}

/** The lines as given, and once more in the form that ssh looks up for another port than 22. */
export function knownHostsFile({ host, port, knownHosts }: Connection): string {
  const other = port === 22 ? [] : knownHosts.filter((line) => line.startsWith(`${host} `));
  const withPort = other.map((line) => `[${host}]:${port}${line.slice(host.length)}`);
  return [...knownHosts, ...withPort, ""].join("\n");
}

function over(connection: Connection, args: string[]): Transport {
  const shell = connection.user === "root" ? "sh -s" : "sudo -n sh -s";
  return {
    run: (script, signal) =>
      new Promise<Output>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const child = spawn("ssh", [...args, shell], { signal });
        let stdout = "";
        let stderr = "";
        child.stdout.setEncoding("utf8").on("data", (text) => {
          stdout += text;
        });
        child.stderr.setEncoding("utf8").on("data", (text) => {
          stderr += text;
        });
        child.on("error", (error) => reject(signal.aborted ? signal.reason : new Unreachable(error.message)));
        child.on("close", (code, killed) => {
          if (signal.aborted) reject(signal.reason);
          else if (killed || code === noSession) reject(new Unreachable(reasonOf(stderr, connection)));
          else resolve({ code: code ?? 1, stdout, stderr });
        });
        child.stdin.on("error", () => {}); // the session ended early; `close` tells why
        child.stdin.end(script);
      }),
  };
}

/** ssh's last line, made short, with the way out where there is one to name. */
export function reasonOf(stderr: string, { host, port, user }: Connection): string {
  const text = stderr.trim();
  const last = text.split("\n").pop() || "ssh ended without a word";
  const at = `${user}@${host}:${port}`;
  if (/host key verification failed/i.test(text))
    return `${at}: its host key is not the one in the stack's configuration (knownHosts)`;
  if (/permission denied/i.test(last)) return `${at}: it accepts none of our keys (${last})`;
  const short =
    /connection refused|timed out|no route to host|network is unreachable|could not resolve hostname/i;
  return `${at}: ${short.exec(last)?.[0].toLowerCase() ?? last}`;
}
