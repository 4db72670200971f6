/** Everything one host must have, put together from the single derivations. */
import type { MarkRule } from "../provider/host/schema.ts";
import { acceptsOf } from "./accepts.ts";
import { type Draft, type DraftPair, type DraftService, seatIn } from "./draft.ts";
import type { EnginePlan } from "./engine-plan.ts";
import type { Derived, FilePlan, HostPlan, Roles, UntrackedRule } from "./host-plan.ts";
import { instanceOf } from "./instances.ts";
import { markRule } from "./marks.ts";
import { type Notifications, notificationsOf } from "./notifications.ts";
import { sysctlsOf } from "./sysctls.ts";
import { trackingOf } from "./tracks.ts";
import { virtualServersOf } from "./virtual-servers.ts";

export function hostPlanOf(draft: Draft, host: string): HostPlan {
  const pairs = draft.pairs.filter(({ members }) => members.includes(host));
  const directed = draft.services.filter(({ pair }) => pairs.includes(pair));
  const served = draft.services.filter(({ servers }) => servers.some((server) => server.host === host));
  const roles: Roles = {
    member: pairs.length > 0,
    director: directed.length > 0,
    realServer: served.length > 0,
  };
  const firewall = draft.facts[host]?.firewall;
  const sysctls = sysctlsOf(draft, host);
  const marks = marksOf(directed, host);
  const loopback = loopbackOf(served);
  const plan: HostPlan = {
    name: host,
    site: draft.site.name,
    roles,
    sysctls: sysctls.values,
    addresses: loopback.addresses,
    marks: marks.rules,
    accepts: acceptsOf(draft, host),
    untracked: firewall?.stateful === true ? untrackedOf([...directed, ...served]) : {},
    openFirewall: firewall?.dropsInput === true ? ourWayInto(firewall.tool) : "none",
    units: {
      ...(roles.member ? { "understudy.service": { enabled: true, active: true } } : {}),
      "understudy-network.service": { enabled: true, active: true },
    },
    files: [],
    packages: ["nftables"],
    modules: loopback.modules,
    writablePaths: [],
    secrets: {},
    incomplete: incompleteOf(draft, host, pairs, [...directed, ...served]),
    derived: [...sysctls.derived, ...marks.derived, ...loopback.derived],
  };
  if (roles.member) plan.engine = engineOf(draft, host, pairs, directed, plan);
  plan.files = unique(plan.files);
  plan.packages = [...new Set(plan.packages)];
  plan.writablePaths = [...new Set(plan.writablePaths)];
  return plan;
}

function engineOf(
  draft: Draft,
  host: string,
  pairs: readonly DraftPair[],
  directed: readonly DraftService[],
  plan: HostPlan,
): EnginePlan {
  const { mail, keywords } = draft.site;
  const engine: EnginePlan = {
    globals: { routerId: host, ...(mail === undefined ? {} : { mail }), keywords },
    scripts: [],
    processes: [],
    instances: [],
    virtualServers: [],
  };
  for (const pair of pairs) {
    const tracking = trackingOf(pair, draft.pairs);
    const notifications: Notifications = notificationsOf(pair);
    const instance = instanceOf(pair, host, tracking, notifications);
    if (instance !== undefined) engine.instances.push(instance);
    engine.scripts.push(...tracking.scripts);
    engine.processes.push(...tracking.processes);
    plan.files.push(...tracking.files, ...notifications.files);
    plan.packages.push(...tracking.packages);
    plan.writablePaths.push(...notifications.writablePaths);
    if (pair.model.auth !== undefined) plan.secrets[pair.model.auth] = "vrrp-password";
  }
  for (const service of directed) {
    const serving = virtualServersOf(service);
    engine.virtualServers.push(...serving.blocks);
    plan.files.push(...serving.files);
    Object.assign(plan.secrets, serving.secrets);
    if (serving.needsMysqlClient) plan.packages.push(mysqlClient(draft.facts[host]?.distribution.id));
  }
  return engine;
}

function marksOf(directed: readonly DraftService[], host: string) {
  const rules: Record<string, MarkRule> = {};
  const derived: Derived[] = [];
  for (const { name, model, mark, pair } of directed) {
    const own = seatIn(pair, host);
    if (mark === undefined || own === undefined) continue;
    const others = pair.members.filter((member) => member !== host);
    const seats = others.map((member) => seatIn(pair, member)).filter((seat) => seat !== undefined);
    for (const [index, { address }] of pair.vips.entries()) {
      const service = { address, protocol: model.protocol, port: model.port, mark };
      rules[index === 0 ? name : `${name}-${index + 1}`] = markRule(service, own, seats);
    }
    for (const member of others) {
      const seat = seatIn(pair, member);
      if (seat === undefined) continue;
      const why = `the MAC of ${seat.interface} on ${member}: what that director has balanced is served here`;
      derived.push({ what: `packets of ${name} from ${seat.mac} are not marked`, why });
    }
  }
  return { rules, derived };
}

/** The VIPs that a real server carries without holding them. */
function loopbackOf(served: readonly DraftService[]) {
  const addresses: Record<string, string[]> = {};
  const derived: Derived[] = [];
  const modules = new Set<string>();
  for (const { name, model, pair } of served) {
    if (model.forward === "nat") continue;
    const device = model.forward === "dr" ? "lo" : "tunl0";
    if (device === "tunl0") modules.add("ipip");
    const list = addresses[device] ?? [];
    for (const { address } of pair.vips) {
      if (list.includes(`${address}/32`)) continue;
      list.push(`${address}/32`);
      derived.push({
        what: `${address}/32 on ${device}`,
        why: `packets of ${name} arrive with the VIP as destination`,
      });
    }
    addresses[device] = list;
  }
  return { addresses, derived, modules: [...modules] };
}

function untrackedOf(services: readonly DraftService[]): Record<string, UntrackedRule> {
  const rules: Record<string, UntrackedRule> = {};
  for (const { name, model, pair } of services.filter(({ model }) => model.forward !== "nat")) {
    for (const [index, { address }] of pair.vips.entries()) {
      const rule = { address, protocol: model.protocol, port: model.port };
      rules[index === 0 ? name : `${name}-${index + 1}`] = rule;
    }
  }
  return rules;
}

/** firewalld and ufw rebuild their rules from their own files: nothing of ours would stay in them. */
function ourWayInto(tool: string): HostPlan["openFirewall"] {
  return tool === "iptables" || tool === "nftables" ? tool : "none";
}

/**
 * A member must know all members: as peers, and by their MACs. A server alone waits for nobody: at most a director's
 * check is not let in yet.
 */
function incompleteOf(
  draft: Draft,
  host: string,
  pairs: readonly DraftPair[],
  services: readonly DraftService[],
): string[] {
  const reasons = new Set<string>();
  if (draft.environment.hosts[host] === undefined) reasons.add(`the stack has no address for ${host}`);
  const needed = new Map<DraftPair, Set<string>>();
  const need = (pair: DraftPair, ...hosts: readonly string[]) =>
    needed.set(pair, new Set([...(needed.get(pair) ?? []), ...hosts]));
  for (const pair of pairs) need(pair, ...pair.members);
  for (const { pair, servers } of services) {
    need(pair, host);
    if (!pairs.includes(pair)) continue;
    need(
      pair,
      ...servers.flatMap((server) =>
        server.host !== undefined && server.address === undefined ? [server.host] : [],
      ),
    );
  }
  for (const [pair, hosts] of needed) {
    for (const other of hosts) {
      const nat = draft.services.some(
        ({ model, servers }) => model.forward === "nat" && servers.some((server) => server.host === other),
      );
      if (seatIn(pair, other) === undefined && (pair.members.includes(other) || !nat)) {
        reasons.add(`where ${other} sits on the segment of ${pair.name} is not known`);
      }
    }
  }
  return [...reasons];
}

function mysqlClient(distribution: string | undefined): string {
  const red = ["rhel", "centos", "rocky", "almalinux", "fedora", "ol"];
  return distribution !== undefined && red.includes(distribution) ? "mariadb" : "mariadb-client";
}

/** Several checks may need the same file. */
function unique(files: readonly FilePlan[]): FilePlan[] {
  return [...new Map(files.map((file) => [file.path, file])).values()];
}
