/** A host's plan as the complete view of its templates: everything has a value, `null` where a line is left out. */
import type { EnginePlan, InstanceBlock, ServerBlock, VirtualServerBlock } from "../plan/engine-plan.ts";
import type { HostPlan } from "../plan/host-plan.ts";
import { paths, scriptUser } from "../plan/paths.ts";
import type { AcceptRule } from "../provider/host/schema.ts";
import { Overrides } from "./overrides.ts";

export type View = Record<string, unknown>;

export function engineView(plan: HostPlan, engine: EnginePlan): View {
  const { mail, routerId, keywords } = engine.globals;
  const [server, port] = endpoint(mail?.server ?? "");
  return {
    ...headOf(plan),
    globals: {
      routerId,
      scriptUser,
      mail: mail === undefined ? null : { to: mail.to, from: mail.from, server, port },
      overrides: new Overrides(keywords),
    },
    scripts: engine.scripts.map((script) => ({
      ...script,
      user: script.user ?? null,
      // An engine without a timeout takes the interval: a line that says so says nothing.
      timeoutMs: script.timeoutMs === script.everyMs ? null : script.timeoutMs,
      weight: script.weight === 0 ? null : script.weight,
    })),
    processes: engine.processes.map((process) => ({
      ...process,
      delayMs: process.delayMs === 0 ? null : process.delayMs,
      weight: process.weight === 0 ? null : process.weight,
    })),
    groups: engine.groups,
    instances: engine.instances.map(instanceView),
    virtualServers: engine.virtualServers.map(virtualServerView),
  };
}

function instanceView(instance: InstanceBlock): View {
  return {
    ...instance,
    version: instance.version === 2 ? null : instance.version,
    nopreempt: !instance.preempt,
    preemptDelayMs: instance.preemptDelayMs === 0 ? null : instance.preemptDelayMs,
    unicast: instance.peers.length > 0,
    auth: instance.auth ?? null,
    notify: instance.notify.map((line) => ({ ...line, user: line.user ?? null })),
    overrides: new Overrides(instance.keywords),
  };
}

function virtualServerView(server: VirtualServerBlock): View {
  const { match } = server;
  const marked = "mark" in match;
  return {
    ...server,
    match: marked ? ["fwmark", match.mark] : [match.address, match.port],
    protocol: marked ? null : match.protocol,
    persistence: server.persistence === 0 ? null : server.persistence,
    quorum: server.quorum === 1 ? null : server.quorum,
    sorry:
      server.sorry === undefined
        ? null
        : [server.sorry.address, ...(server.sorry.port === undefined ? [] : [server.sorry.port])],
    servers: server.servers.map(serverView),
    overrides: new Overrides(server.keywords),
  };
}

function serverView(server: ServerBlock): View {
  const { check } = server;
  return {
    ...server,
    match: server.port === undefined ? [server.address] : [server.address, server.port],
    tcp: check.kind === "connect" ? check : null,
    misc:
      check.kind === "script"
        ? { ...check, timeoutSeconds: Math.max(1, Math.ceil(check.timeoutMs / 1000)) }
        : null,
    http:
      check.kind === "http"
        ? {
            ...check,
            host: check.host === "" ? null : check.host,
            status: check.status === 0 ? null : check.status,
            digest: check.digest === "" ? null : check.digest,
          }
        : null,
    overrides: new Overrides(server.keywords),
  };
}

/** What the files besides the engine's configuration are made of: kernel settings, rules, units. */
export function hostView(plan: HostPlan): View {
  return {
    ...headOf(plan),
    paths,
    scriptUser,
    sysctls: Object.entries(plan.sysctls).map(([key, value]) => ({ key, value })),
    marks: Object.entries(plan.marks).map(([name, rule]) => ({
      name,
      ...rule,
      macs: rule.exceptMacs.join(", "),
    })),
    untracked: Object.entries(plan.untracked).map(([name, rule]) => ({ name, ...rule })),
    accepts: Object.entries(plan.accepts).map(([name, rule]) => acceptView(name, rule)),
    addresses: Object.entries(plan.addresses).flatMap(([device, list]) =>
      list.map((address) => ({ device, address })),
    ),
    devices: Object.keys(plan.addresses).filter((device) => device !== "lo"),
    modules: plan.modules,
    openFirewall: plan.openFirewall !== "none",
    intoIptables: plan.openFirewall === "iptables",
    runsEngine: plan.engine !== undefined,
    writablePaths: plan.writablePaths,
  };
}

/** Numbers, since a small system has no /etc/protocols to look names up in. */
const protocolNumbers = { vrrp: 112, ah: 51, tcp: 6, udp: 17, sctp: 132 } as const;

function acceptView(name: string, rule: AcceptRule): View {
  const { protocol, sources, destination, port } = rule;
  const number = protocolNumbers[protocol];
  return {
    name,
    protocol,
    number,
    sources: sources.join(", "),
    destination: destination === "any" ? "" : destination,
    port: port === 0 ? null : port,
    // iptables takes one source per rule.
    each: (sources.length === 0 ? [""] : sources).map((source) => [
      ...["-p", number === 112 || number === 51 ? String(number) : protocol],
      ...(source === "" ? [] : ["-s", source]),
      ...(destination === "any" ? [] : ["-d", destination]),
      ...(port === 0 ? [] : ["--dport", String(port)]),
      ...["-m", "comment", "--comment", `understudy:${name}`],
    ]),
  };
}

function headOf({ site, name }: HostPlan): { site: string; host: string } {
  return { site, host: name };
}

/** `HOST`, `HOST:PORT`, `[IPV6]:PORT`, or an IPv6 address alone. */
function endpoint(text: string): [host: string, port: string | null] {
  const [, inBrackets, host, port] = /^(?:\[(.+)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  return [inBrackets ?? host ?? text, port ?? null];
}
