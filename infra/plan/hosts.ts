/** Everything one host must have, put together from the single derivations. */
import { acceptsOf } from "./accepts.ts";
import type { Draft, DraftPair, DraftService } from "./draft.ts";
import type { EnginePlan } from "./engine-plan.ts";
import { groupsOf } from "./groups.ts";
import type { FilePlan, HostPlan, Roles } from "./host-plan.ts";
import { incompleteOf } from "./incomplete.ts";
import { instanceOf } from "./instances.ts";
import { loopbackOf } from "./loopback.ts";
import { marksOf } from "./mark-rules.ts";
import { type Notifications, notificationsOf } from "./notifications.ts";
import { sysctlsOf } from "./sysctls.ts";
import { trackingOf } from "./tracks.ts";
import { untrackedOf } from "./untracked.ts";
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
    groups: groupsOf(draft, pairs),
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

/** firewalld and ufw rebuild their rules from their own files: nothing of ours would stay in them. */
function ourWayInto(tool: string): HostPlan["openFirewall"] {
  return tool === "iptables" || tool === "nftables" ? tool : "none";
}

function mysqlClient(distribution: string | undefined): string {
  const red = ["rhel", "centos", "rocky", "almalinux", "fedora", "ol"];
  return distribution !== undefined && red.includes(distribution) ? "mariadb" : "mariadb-client";
}

/** Several checks may need the same file. */
function unique(files: readonly FilePlan[]): FilePlan[] {
  return [...new Map(files.map((file) => [file.path, file])).values()];
}
