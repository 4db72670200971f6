/** How the lab's hosts are spoken to. Their keys are known before they boot: nothing is trusted on first use. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must, type Outcome, type RunOptions, run } from "../machine/run.ts";
import { quote } from "../machine/shell.ts";
import { address, type HostName, hostNames } from "./address.ts";
import type { Places } from "./paths.ts";
import { inNamespace } from "./segment.ts";

/** The operator's files. */
export interface SshFiles {
  /** For `ssh -F`: knows every host by its name. Works inside the namespace only. */
  readonly config: string;
  readonly identity: string;
  readonly knownHosts: string;
}

/** Where the operator's files are. */
export function sshFiles(places: Places): SshFiles {
  return {
    config: join(places.state, "ssh_config"),
    identity: join(places.state, "id_ed25519"),
    knownHosts: join(places.state, "known_hosts"),
  };
}

/** The folder of the host's own key. */
function keyFolder(places: Places, host: HostName): string {
  return join(places.state, "keys", host);
}

/** The host's private key; the public one lies beside it. */
export function hostKey(places: Places, host: HostName): string {
  return join(keyFolder(places, host), "ssh_host_ed25519_key");
}

/** Makes the operator's key and every host's, and writes the files that name them. */
export async function writeSshFiles(places: Places): Promise<void> {
  const files = sshFiles(places);
  mkdirSync(places.state, { recursive: true, mode: 0o700 });
  mkdirSync(places.run, { recursive: true, mode: 0o700 });
  await makeKey(files.identity, "understudy-lab");
  const keys = new Map<HostName, string>();
  for (const host of hostNames) {
    mkdirSync(keyFolder(places, host), { recursive: true, mode: 0o700 });
    await makeKey(hostKey(places, host), host);
    keys.set(host, readFileSync(`${hostKey(places, host)}.pub`, "utf8"));
  }
  writeFileSync(files.knownHosts, knownHosts(keys), { mode: 0o600 });
  writeFileSync(files.config, sshConfig(places), { mode: 0o600 });
}

async function makeKey(path: string, comment: string): Promise<void> {
  if (existsSync(path) && existsSync(`${path}.pub`)) return;
  await must(["rm", "-f", path, `${path}.pub`]);
  await must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path]);
  chmodSync(path, 0o600);
}

/** The known_hosts lines: each host by its name and its address in `mgmt`. */
export function knownHosts(publicKeys: ReadonlyMap<HostName, string>): string {
  return [...publicKeys]
    .map(([host, key]) => `${host},${address(host, "mgmt")} ${key.split(" ").slice(0, 2).join(" ").trim()}\n`)
    .join("");
}

/** The configuration for `ssh -F`. */
export function sshConfig(places: Places): string {
  const files = sshFiles(places);
  const hosts = hostNames.map((host) => `Host ${host}\n  HostName ${address(host, "mgmt")}\n`).join("");
  return `${hosts}
Host *
  User root
  IdentityFile ${files.identity}
  IdentitiesOnly yes
  UserKnownHostsFile ${files.knownHosts}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  LogLevel ERROR
  ConnectTimeout 5
  ServerAliveInterval 5
  ServerAliveCountMax 3
  ControlMaster auto
  ControlPath ${places.run}/ssh-%n
  ControlPersist 60
`;
}

/** The command that runs `command` on the host; a terminal where it is empty. */
export function sshCommand(places: Places, host: HostName, command: readonly string[]): string[] {
  return inNamespace(places, ["ssh", "-F", sshFiles(places).config, host, ...command]);
}

/** Runs a command on a host, each word as it is. A host that can't be reached answers with code 255. */
export function ssh(
  places: Places,
  host: HostName,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return run(sshCommand(places, host, ["--", argv.map(quote).join(" ")]), options);
}

/** Ends the shared connection to a host, which its kernel will not have ended when the plug was pulled. */
export async function disconnect(places: Places, host: HostName): Promise<void> {
  if (!existsSync(join(places.run, `ssh-${host}`))) return;
  await run(["ssh", "-F", sshFiles(places).config, "-O", "exit", host], { timeoutMs: 5_000 }).catch(() => {});
  await must(["rm", "-f", join(places.run, `ssh-${host}`)]);
}
