/** From plans to resources: per host its provisioning and itself, in order; per pair the proof after all its hosts. */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Engine } from "../engine/binary.ts";
import type { PairPlan } from "../plan/pair-plan.ts";
import { paths } from "../plan/paths.ts";
import type { Plan } from "../plan/plan.ts";
import type { Connection, HostFile } from "../provider/host/schema.ts";
import type { PairArgs } from "../provider/pair/schema.ts";
import { Host, type HostInputs } from "./host.ts";
import { rolloutOrder } from "./order.ts";
import { Pair } from "./pair.ts";
import { Provision } from "./provision.ts";

export interface Rollout {
  plan: Plan;
  files: Record<string, Record<string, HostFile>>;
  connections: Record<string, Connection>;
  observer: PairArgs["observer"];
  /** Environment variables of the observer's commands. */
  observerSecrets: Record<string, string>;
  engine: Engine | undefined;
  secrets: Record<string, string>;
  holding: Record<string, string[]>;
  unreachable: string[];
}

export function rollOut(rollout: Rollout): { hosts: Record<string, Host>; pairs: Record<string, Pair> } {
  const order = rolloutOrder(rollout.plan, rollout.holding, rollout.unreachable);
  const hosts: Record<string, Host> = {};
  const names = Object.keys(order).filter((name) => rollout.connections[name]);
  // A host's resource must exist before another can depend on it.
  for (const name of names.sort((a, b) => depth(a, order) - depth(b, order))) {
    const before = (order[name] ?? []).map((other) => hosts[other]).filter((host) => host !== undefined);
    hosts[name] = rollOutHost(name, rollout, before);
  }
  const pairs = Object.entries(rollout.plan.pairs).map(([name, plan]) => {
    const needs = plan.needs.map((host) => hosts[host]).filter((host) => host !== undefined);
    return [name, new Pair(name, pairArgs(plan, rollout), { dependsOn: needs })] as const;
  });
  return { hosts, pairs: Object.fromEntries(pairs) };
}

const depth = (host: string, order: Record<string, string[]>): number =>
  1 + Math.max(0, ...(order[host] ?? []).map((before) => depth(before, order)));

function rollOutHost(name: string, rollout: Rollout, before: Host[]): Host {
  const plan = rollout.plan.hosts[name]!;
  const connection = rollout.connections[name]!;
  const engine = plan.engine && rollout.engine;
  const provision = new Provision(`${name}-provision`, { connection, packages: plan.packages, engine });
  return new Host(name, hostInputs(name, rollout), { dependsOn: [provision, ...before] });
}

export function hostInputs(name: string, rollout: Rollout): HostInputs {
  const plan = rollout.plan.hosts[name]!;
  const files = rollout.files[name] ?? {};
  const { sysctls, addresses, marks, accepts, units, incomplete } = plan;
  const engine = plan.engine && rollout.engine;
  const secrets = Object.keys(plan.secrets).map((secret) => [secret, rollout.secrets[secret] ?? ""]);
  return {
    connection: rollout.connections[name]!,
    files,
    sysctls,
    addresses,
    marks,
    accepts,
    units,
    incomplete,
    ...(engine && {
      engine: {
        sha256: engine.sha256,
        version: engine.version,
        loadedConfig: sha256(files[paths.config]?.content ?? ""),
      },
    }),
    secrets: pulumi.secret(Object.fromEntries(secrets)),
  };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

function pairArgs(plan: PairPlan, rollout: Rollout): PairArgs {
  const { instance, vips, holder, ready, proofs, members, needs } = plan;
  const reachable = members.filter((member) => rollout.connections[member.name]);
  const trigger = sha256(JSON.stringify(needs.map((host) => [rollout.files[host], rollout.engine?.sha256])));
  return {
    instance,
    members: reachable.map((m) => ({ ...m, connection: rollout.connections[m.name]! })),
    vips,
    holder,
    ready,
    proofs,
    secrets: rollout.observerSecrets,
    trigger,
    ...(rollout.observer && { observer: rollout.observer }),
  };
}
