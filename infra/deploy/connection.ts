/** How a host is reached: for our provider, and for the command plugin, which has an SSH client of its own. */
import { readFileSync } from "node:fs";
import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../provider/host/schema.ts";

interface Reachable {
  address: string;
  port: number;
  user: string;
  knownHosts: string[];
  identityFile?: string | undefined;
}

export function connectionOf(host: Reachable): Connection {
  const { address, port, user, knownHosts, identityFile } = host;
  return { host: address, port, user, knownHosts, ...(identityFile && { identityFile }) };
}

/** Key types by what both sides prefer; the plugin accepts one key only. */
const preferred = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"];

/** Gives up soon: an unreachable host is to fail alone, and not to hold the others up for minutes. */
export function commandConnection(connection: Connection): types.input.remote.ConnectionArgs {
  const { host, port, user, knownHosts, identityFile } = connection;
  const keys = knownHosts.map((line) => line.split(" ").slice(1, 3).join(" "));
  const rank = (key: string) => (preferred.indexOf(key.split(" ")[0] ?? "") + 1 || 99) as number;
  const [hostKey] = keys.sort((a, b) => rank(a) - rank(b));
  return {
    host,
    port,
    user,
    dialErrorLimit: 2,
    perDialTimeout: 5,
    ...(hostKey && { hostKey }),
    ...(identityFile && { privateKey: pulumi.secret(readFileSync(identityFile, "utf8")) }),
  };
}
