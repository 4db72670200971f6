/** The site with its names resolved: what the rules judge and the derivations start from. */
import type { Environment } from "../model/environment.ts";
import type { Pair } from "../model/pair.ts";
import type { Service } from "../model/service.ts";
import type { Site } from "../model/site.ts";
import type { HostFacts } from "../provider/facts/schema.ts";
import { allocateMarks } from "./marks.ts";
import { type Cidr, isAddress, networkOf, parseCidr } from "./network.ts";
import { assignPriorities } from "./priorities.ts";
import { type Found, type Seat, seatOf } from "./seats.ts";
import { allocateVrids } from "./vrids.ts";

/** By host name; a host that was not reached has its last known facts, or none. */
export type Facts = Readonly<Record<string, HostFacts | undefined>>;

export interface DraftPair {
  name: string;
  model: Pair;
  /** Members that are hosts of the site, preferred first, each once. */
  members: string[];
  vips: Cidr[];
  /** Per member, and per real server that is a host. */
  found: Map<string, Found>;
  segment: string;
  /** Undefined when the segment has no free one left. */
  vrid: number | undefined;
  priorities: Map<string, number>;
}

export interface DraftServer {
  /** As in the site. */
  name: string;
  /** The host of that name, if it is one. */
  host: string | undefined;
  /** Undefined as long as the host's seat is unknown. */
  address: string | undefined;
  port: number;
  weight: number;
  keywords: Service["keywords"];
}

export interface DraftService {
  name: string;
  model: Service;
  pair: DraftPair;
  servers: DraftServer[];
  /** Members that also serve. */
  servingDirectors: string[];
  /** Undefined where the service is matched by address. */
  mark: number | undefined;
}

export interface Draft {
  site: Site;
  environment: Environment;
  facts: Facts;
  pairs: DraftPair[];
  services: DraftService[];
}

export function draftOf(site: Site, environment: Environment, facts: Facts): Draft {
  const pairs = Object.entries(site.pairs).map(([name, model]) =>
    draftPair(name, model, site, environment, facts),
  );
  const vrids = allocateVrids(
    pairs.map(({ name, segment, model }) => ({ pair: name, segment, wanted: model.vrid })),
    environment.reserved.vrids,
  );
  for (const pair of pairs) pair.vrid = vrids.get(pair.name);
  const services = Object.entries(site.services).flatMap(([name, model]) => {
    const pair = pairs.find((candidate) => candidate.name === model.on);
    return pair === undefined ? [] : [draftService(name, model, pair, { site, environment, facts })];
  });
  const marks = allocateMarks(
    services.filter(needsMark).map(({ name, model }) => ({ service: name, wanted: model.mark })),
    environment.reserved.marks,
  );
  for (const service of services) service.mark = marks.get(service.name);
  return { site, environment, facts, pairs, services };
}

/** The seat of a host on a pair's segment, if it is known. */
export function seatIn(pair: DraftPair, host: string): Seat | undefined {
  const found = pair.found.get(host);
  return found !== undefined && "seat" in found ? found.seat : undefined;
}

/** A name in the stack's addresses, or a literal one. */
export function resolveVip(text: string, environment: Environment): Cidr | undefined {
  return parseCidr(environment.addresses[text] ?? text);
}

function vipsOf(pair: Pair, environment: Environment): Cidr[] {
  return pair.vips.map((vip) => resolveVip(vip, environment)).filter((vip) => vip !== undefined);
}

function otherVipsOf(pair: string, site: Site, environment: Environment): Cidr[] {
  return Object.entries(site.pairs)
    .filter(([name]) => name !== pair)
    .flatMap(([, model]) => vipsOf(model, environment));
}

function draftPair(name: string, model: Pair, site: Site, environment: Environment, facts: Facts): DraftPair {
  const members = [...new Set(model.members)].filter((member) => site.hosts.includes(member));
  const vips = vipsOf(model, environment);
  const otherVips = otherVipsOf(name, site, environment);
  const found = new Map<string, Found>();
  for (const member of members) {
    const host = environment.hosts[member];
    if (host !== undefined)
      found.set(member, seatOf({ vips, otherVips, interface: model.interface }, host, facts[member]));
  }
  const seats = [...found.values()].flatMap((one) => ("seat" in one ? [one.seat] : []));
  const segment =
    seats[0]?.segment ?? (vips[0] === undefined ? "unknown" : networkOf({ ...vips[0], prefix: 24 }));
  const priorities = assignPriorities(members, model.priorities);
  return { name, model, members, vips, found, segment, vrid: undefined, priorities };
}

function draftService(
  name: string,
  model: Service,
  pair: DraftPair,
  { site, environment, facts }: { site: Site; environment: Environment; facts: Facts },
): DraftService {
  const otherVips = otherVipsOf(pair.name, site, environment);
  const wanted = { vips: pair.vips, otherVips, near: parseCidr(pair.segment) };
  const servers = model.servers.map((entry): DraftServer => {
    const host = environment.hosts[entry.server];
    if (host !== undefined && !pair.found.has(entry.server)) {
      pair.found.set(entry.server, seatOf(wanted, host, facts[entry.server]));
    }
    return {
      name: entry.server,
      host: host === undefined ? undefined : entry.server,
      address: isAddress(entry.server) ? entry.server : addressOf(entry.server, model, pair, environment),
      port: entry.port ?? model.port,
      weight: entry.weight ?? model.weight,
      keywords: entry.keywords,
    };
  });
  const servingDirectors = pair.members.filter((member) => servers.some(({ host }) => host === member));
  return { name, model, pair, servers, servingDirectors, mark: undefined };
}

/** With NAT a server may be on any network that the directors reach; otherwise it sits on the pair's segment. */
function addressOf(
  host: string,
  model: Service,
  pair: DraftPair,
  environment: Environment,
): string | undefined {
  const seated = seatIn(pair, host)?.address;
  if (seated !== undefined || model.forward !== "nat") return seated;
  const known = environment.hosts[host];
  const typed = known?.serviceAddress ?? known?.address;
  return typed !== undefined && isAddress(typed) ? typed : undefined;
}

/** A director that also serves must not balance again what another director sent it: only a mark can tell. */
function needsMark({ model, servingDirectors }: DraftService): boolean {
  return model.mark !== undefined || (model.forward !== "nat" && servingDirectors.length > 0);
}
