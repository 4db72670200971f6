/** From plans to resources: per host its provisioning and itself, in order; per pair the proof after all its hosts. */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Engine } from "../engine/binary.ts";
import type { PairPlan } from "../plan/pair-plan.ts";
import { paths } from "../plan/paths.ts";
import type { Plan } from "../plan/plan.ts";
import type { HostFacts } from "../provider/facts/schema.ts";
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
  facts: Record<string, HostFacts | undefined>;
  holding: Record<string, string[]>;
  unreachable: string[];
}

export function rollOut(rollout: Rollout): { hosts: Record<string, Host>; pairs: Record<string, Pair> } {
  const { plan, connections, holding, unreachable } = rollout;
  const order = rolloutOrder(plan, holding, unreachable);
  const hosts: Record<string, Host> = {};
  const existing = (names: string[]) => names.map((n) => hosts[n]).filter((host) => host !== undefined);
  const rollOutAll = (names: string[], also: pulumi.Resource[]) => {
    // A host's resource must exist before another can depend on it.
    for (const name of names.sort((a, b) => depth(a, order) - depth(b, order)))
      hosts[name] = rollOutHost(name, rollout, [...existing(order[name] ?? []), ...also]);
  };
  const names = Object.keys(order).filter((name) => connections[name]);
  rollOutAll(
    names.filter((name) => !unreachable.includes(name)),
    [],
  );
  const pairs = Object.fromEntries(
    Object.entries(plan.pairs).map(([name, pair]) => {
      const needs = existing(pair.needs); // those that are unreachable aren't there yet, and fail on their own
      return [name, new Pair(name, pairArgs(pair, rollout), { dependsOn: needs })];
    }),
  );
  rollOutAll(
    names.filter((name) => unreachable.includes(name)),
    Object.values(pairs),
  );
  return { hosts, pairs };
}

const depth = (host: string, order: Record<string, string[]>): number =>
  1 + Math.max(0, ...(order[host] ?? []).map((before) => depth(before, order)));

function rollOutHost(name: string, rollout: Rollout, before: pulumi.Resource[]): Host {
  const plan = rollout.plan.hosts[name]!;
  const connection = rollout.connections[name]!;
  const engine = plan.engine && rollout.engine;
  // Side by side for all hosts, since it changes nothing that runs; but not before the others on a host that won't answer.
  const late = rollout.unreachable.includes(name) ? { dependsOn: before } : {};
  const { packages } = plan;
  const installation = rollout.facts[name]?.installation ?? "";
  const provision = new Provision(`${name}-provision`, { connection, packages, installation, engine }, late);
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
  const gone = rollout.unreachable; // what it can't answer is no fault of the pair's
  const reachable = members.filter((member) => rollout.connections[member.name]);
  const trigger = sha256(JSON.stringify(needs.map((host) => [rollout.files[host], rollout.engine?.sha256])));
  return {
    instance,
    members: reachable.map((m) => ({ ...m, connection: rollout.connections[m.name]! })),
    vips,
    holder,
    ready,
    proofs: proofs.map((proof) => ({
      ...proof,
      expect: proof.expect.filter((name) => !gone.includes(name)),
    })),
    secrets: rollout.observerSecrets,
    trigger,
    ...(rollout.observer && { observer: rollout.observer }),
  };
}
