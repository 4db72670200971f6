/** Runs a command over SSH. All settings go by a private file, so that none is seen in the list of processes. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Outcome, run, unlimited } from "../../machine/run.ts";

/** As in `@pulumi/command`. */
export interface Connection {
  host: string;
  /** Default 22. */
  port?: number;
  /** Default root. */
  user?: string;
  privateKey?: string;
  /** As in authorized_keys: `ssh-ed25519 AAAA...`. Given, no other is accepted; not given, any is. */
  hostKey?: string;
  agentSocketPath?: string;
  /** Attempts to connect, default 10. */
  dialErrorLimit?: number;
  /** Seconds per attempt, default 15. */
  perDialTimeout?: number;
}

interface Session {
  stdin: string | Uint8Array;
  /** Reaches the command only where sshd's AcceptEnv lets it, as with the real plugin. */
  env: Record<string, string>;
  signal: AbortSignal;
}

export async function ssh(connection: Connection, command: string, session: Session): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "understudy-ssh-"));
  const secret = { mode: 0o600 };
  try {
    const config = sshConfig(connection, session.env, folder);
    await writeFile(join(folder, "config"), config, secret);
    if (connection.privateKey)
      await writeFile(join(folder, "key"), `${connection.privateKey.trim()}\n`, secret);
    if (connection.hostKey)
      await writeFile(join(folder, "known_hosts"), `* ${connection.hostKey.trim()}\n`, secret);
    const argv = ["ssh", "-F", join(folder, "config"), connection.host, command];
    return await run(argv, {
      stdin: session.stdin,
      signal: session.signal,
      env: process.env,
      timeoutMs: unlimited,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The ssh_config for one connection. */
export function sshConfig(connection: Connection, env: Record<string, string>, folder: string): string {
  const known = connection.hostKey
    ? ["StrictHostKeyChecking yes", `UserKnownHostsFile ${folder}/known_hosts`]
    : ["StrictHostKeyChecking no", "UserKnownHostsFile /dev/null"];
  const variables = Object.entries(env).map(
    ([name, value]) => `"${name}=${value.replace(/["\\]/g, "\\$&")}"`,
  );
  return [
    "BatchMode yes",
    "LogLevel ERROR",
    "GlobalKnownHostsFile /dev/null",
    ...known,
    `User ${connection.user ?? "root"}`,
    `Port ${connection.port ?? 22}`,
    `ConnectTimeout ${connection.perDialTimeout ?? 15}`,
    `ConnectionAttempts ${connection.dialErrorLimit ?? 10}`,
    ...(connection.privateKey ? [`IdentityFile ${folder}/key`, "IdentitiesOnly yes"] : []),
    ...(connection.agentSocketPath ? [`IdentityAgent ${connection.agentSocketPath}`] : []),
    ...(variables.length > 0 ? [`SetEnv ${variables.join(" ")}`] : []),
    "",
  ].join("\n");
}
