/** The stack's configuration (`Pulumi.<stack>.yaml`): which site, where its hosts are, its secrets. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type Environment, readEnvironment } from "../model/environment.ts";
import type { Finding } from "../model/finding.ts";

export interface Stack {
  /** Name of a file in `sites/`. */
  site: string;
  environment: Environment | undefined;
  findings: Finding[];
}

const project = "understudy";
/** Keys of the stack that describe the environment; all others are the site's name and secrets. */
const keys = ["hosts", "addresses", "observer", "reserved"];

export function readStack(env: NodeJS.ProcessEnv = process.env): Stack {
  const config = new pulumi.Config(project);
  const value = Object.fromEntries(
    keys.map((key) => [key, config.getObject<unknown>(key)]).filter(([, entry]) => entry !== undefined),
  );
  const { environment, findings } = readEnvironment(value);
  return {
    site: config.require("site"),
    environment: environment && withSshFolder(environment, env.UNDERSTUDY_SSH_DIR),
    findings: findings.map((finding) => ({ ...finding, place: `${project}:${finding.place}` })),
  };
}

/** A secret of the stack, to be judged before anything is done; hand it on as `pulumi.secret` only. */
export function secretValue(name: string): string | undefined {
  return pulumi.runtime.getConfig(`${project}:${name}`);
}

/**
 * Fills in what the stack leaves out of how hosts are reached from a folder with `known_hosts` and `id_ed25519`: keys
 * that belong to one machine, as the lab's, have no place in a committed file.
 */
export function withSshFolder(environment: Environment, folder: string | undefined): Environment {
  if (!folder) return environment;
  const known = join(folder, "known_hosts");
  const lines = existsSync(known) ? readFileSync(known, "utf8").split("\n") : [];
  const identityFile = join(folder, "id_ed25519");
  const fillIn = <T extends Environment["hosts"][string] | ObserverEnvironment>(host: T): T => ({
    ...host,
    knownHosts: host.knownHosts.length > 0 ? host.knownHosts : linesFor(host.address, lines),
    ...(host.identityFile === undefined && existsSync(identityFile) ? { identityFile } : {}),
  });
  const { observer } = environment;
  return {
    ...environment,
    hosts: Object.fromEntries(Object.entries(environment.hosts).map(([name, h]) => [name, fillIn(h)])),
    ...(typeof observer === "object" ? { observer: fillIn(observer) } : {}),
  };
}

type ObserverEnvironment = Exclude<NonNullable<Environment["observer"]>, string>;

/** The lines of known_hosts about an address, under that address alone. */
function linesFor(address: string, lines: readonly string[]): string[] {
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([names = ""]) => names.split(",").includes(address))
    .map(([, type, key]) => `${address} ${type} ${key}`);
}
