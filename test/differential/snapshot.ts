/** What a host shows at one moment: everything an engine may have changed, as keys and values that can be compared. */

import { type Said, said } from "./frames.ts";
import { framesOf } from "./pcap.ts";

/** Kinds of things, in the order in which they are reported. */
export const kinds: readonly string[] = [
  ...[
    "state",
    "fifo",
    "notify",
    "address",
    "route",
    "rule",
    "link",
    "setting",
    "firewall",
    "advert",
    "announce",
  ],
];

/** Keys such as `address eth0 10.77.0.100`; the first word is the kind. */
export type Snapshot = ReadonlyMap<string, string>;

const settings = {
  ipv4: [
    "arp_ignore",
    "arp_filter",
    "arp_announce",
    "rp_filter",
    "accept_local",
    "promote_secondaries",
    "forwarding",
  ],
  ipv6: ["disable_ipv6", "accept_ra", "autoconf", "addr_gen_mode"],
};

const mark = "\u001d";

/** Where the runner keeps its own files on a host. */
export const folder = "/run/differential";

/** The script that prints everything, and the reader of what it prints. */
export function question(state: string, devices: readonly string[], from: Position): string {
  const paths = Object.entries(settings).flatMap(([family, names]) =>
    names.map((name) => `/proc/sys/net/${family}/conf/*/${name}`),
  );
  const sections: Record<string, string> = {
    state,
    address: "ip -j address",
    link: "ip -j -d link",
    route4: "ip -4 route show table all",
    route6: "ip -6 route show table all",
    rule4: "ip -4 rule",
    rule6: "ip -6 rule",
    firewall: "nft -s list ruleset",
    setting: `grep -s '' ${paths.join(" ")} /proc/sys/net/ipv4/igmp_link_local_mcast_reports`,
    fifo: `for file in ${folder}/lines.*; do tail -c +1 "$file"; done`,
    notify: `cat ${folder}/calls 2>/dev/null`,
    ...Object.fromEntries(
      devices.map((name) => [
        `wire ${name}`,
        `tail -c +${1 + (from.bytes[name] ?? 0)} ${folder}/${name}.pcap | base64 -w0`,
      ]),
    ),
  };
  return `${Object.entries(sections)
    .map(([name, command]) => `printf '${mark}${name}\\n'; ${command}`)
    .join("\n")}\ntrue`;
}

/** How far the records of a host have been compared. */
export interface Position {
  readonly fifo: number;
  readonly notify: number;
  /** Frames per interface. */
  readonly frames: Readonly<Record<string, number>>;
  readonly bytes: Readonly<Record<string, number>>;
  /** What each virtual router said last: the same again is nothing new. */
  readonly last: ReadonlyMap<string, string>;
}

export const beginning: Position = { fifo: 0, notify: 0, frames: {}, bytes: {}, last: new Map() };

/** A snapshot, and the position behind it. */
export function read(
  text: string,
  devices: readonly string[],
  rivals: readonly string[],
  from: Position,
): [Snapshot, Position] {
  const sections = new Map(
    text
      .split(mark)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n") + 1)] as const),
  );
  const of = (name: string) => sections.get(name) ?? "";
  const lines = (name: string) =>
    of(name)
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  const wires = devices.map((name) => [name, framesOf(Buffer.from(of(`wire ${name}`), "base64"))] as const);
  const [wire, last] = onTheWire(wires, from);
  // How often a worse master is heard depends on when it was told to go.
  const once = (list: string[], repeats: (line: string) => boolean) =>
    list.filter((line, at) => !repeats(line) || list.indexOf(line) === at);
  const fifo = once(lines("fifo"), (line) => line.includes("MASTER_RX_LOWER_PRI"));
  const notify = once(lines("notify"), (line) => rivals.some((path) => line.startsWith(path)));
  const snapshot = new Map<string, string>([
    ...states(of("state")),
    ...bySubject("fifo", fifo.slice(from.fifo)),
    ...bySubject("notify", notify.slice(from.notify)),
    ...addresses(of("address")),
    ...listed("route", [...lines("route4"), ...lines("route6").map((line) => `-6 ${line}`)]),
    ...listed("rule", [...lines("rule4"), ...lines("rule6").map((line) => `-6 ${line}`)]),
    ...links(of("link")),
    ...lines("setting").map((line): [string, string] => {
      const [path = "", text = ""] = line.replace("/proc/sys/net/", "").split(":");
      return [`setting ${path}`, text];
    }),
    ...tables(of("firewall")),
    ...wire,
  ]);
  const frames = Object.fromEntries(wires.map(([name, all]) => [name, all.length]));
  return [snapshot, { fifo: fifo.length, notify: notify.length, frames, bytes: {}, last }];
}

const stateNames = ["INIT", "BACKUP", "MASTER", "FAULT"];

/** From keepalived's JSON dump, or from our status. */
function states(text: string): [string, string][] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [["state engine", "does not say"]];
  }
  const list = Array.isArray(parsed)
    ? (parsed as { data: Json }[]).map(({ data }) => [
        data.iname,
        stateNames[Number(data.state)],
        data.effective_priority,
      ])
    : ((parsed as { instances?: Json[] }).instances ?? []).map((one) => [one.name, one.state, one.priority]);
  return list.map(([name, state, priority]) => [`state ${name}`, `${state} ${priority}`]);
}

/** Lines in their order, apart for each instance and group: between them there is none. */
function bySubject(kind: string, lines: readonly string[]): [string, string][] {
  const found = new Map<string, string[]>();
  for (const line of lines) {
    const named = /\b(INSTANCE|GROUP) "?([^" ]+)/.exec(line);
    const key = named ? `${kind} ${named[1]} ${named[2]}` : `${kind} ${line.split(" ")[0]}`;
    found.set(key, [...(found.get(key) ?? []), line]);
  }
  return [...found].map(([key, list]) => [key, list.join("\n")]);
}

type Json = Record<string, unknown>;

function addresses(text: string): [string, string][] {
  const found: [string, string][] = [];
  for (const link of JSON.parse(text || "[]") as Json[]) {
    const list = ((link.addr_info ?? []) as Json[]).filter((one) => "local" in one);
    for (const { local, prefixlen, address, ...rest } of list) {
      // Lifetimes that are running show another value each second.
      for (const name of ["valid_life_time", "preferred_life_time"])
        if (typeof rest[name] === "number" && rest[name] > 0 && rest[name] < 4294967295)
          rest[name] = "limited";
      found.push([
        `address ${link.ifname} ${local}/${prefixlen}${address ? ` peer ${address}` : ""}`,
        words(rest),
      ]);
    }
    const ofInstances = list.filter((one) => !String(one.local).startsWith("fe80")).map((one) => one.local);
    if (ofInstances.length > 0) found.push([`address ${link.ifname} in order`, ofInstances.join(" ")]);
  }
  return found;
}

const linkWords = ["flags", "mtu", "operstate", "group", "address", "link", "master", "inet6_addr_gen_mode"];

function links(text: string): [string, string][] {
  return (JSON.parse(text || "[]") as Json[]).map((link) => {
    const { info_kind, info_data, info_slave_kind } = (link.linkinfo ?? {}) as Json;
    const own = Object.fromEntries(linkWords.map((name) => [name, link[name]]));
    return [`link ${link.ifname}`, words({ ...own, info_kind, info_data, info_slave_kind })];
  });
}

/** As `name=value`, in order, without what is not there. */
function words(object: Json): string {
  return Object.entries(object)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) =>
      value === true ? name : `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`,
    )
    .join(" ");
}

/** Lines that are there or not; how often, should one be there twice. */
function listed(kind: string, lines: readonly string[]): [string, string][] {
  const found = new Map<string, number>();
  for (const line of lines) {
    const key = `${kind} ${line.replaceAll(/\s+/g, " ").replace(/ expires \d+sec/, " expires ..")}`;
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  return [...found].map(([key, count]) => [key, count === 1 ? "is there" : `is there ${count} times`]);
}

function tables(text: string): [string, string][] {
  return [...text.matchAll(/^table (\S+ \S+) \{\n([\s\S]*?)^\}/gm)].map(([, name, body = ""]) => [
    `firewall ${name}`,
    body
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "")
      .join("\n"),
  ]);
}

type Wire = readonly (readonly [device: string, frames: readonly Buffer[]])[];

/** Adverts that differ from the one before, in order; announcements, counted. */
function onTheWire(wires: Wire, from: Position): [[string, string][], Map<string, string>] {
  const last = new Map(from.last);
  const adverts = new Map<string, string[]>();
  const announced = new Map<string, number>();
  for (const [device, frames] of wires) {
    for (const frame of frames.slice(from.frames[device] ?? 0)) {
      const one: Said | undefined = said(frame);
      if (!one) continue;
      if (one.kind === "advert") {
        const key = `advert ${device} ${one.about}`;
        if (last.get(key) !== one.bytes) adverts.set(key, [...(adverts.get(key) ?? []), one.bytes]);
        last.set(key, one.bytes);
      } else {
        const key = `announce ${device} ${one.kind} ${one.about} ${one.bytes}`;
        announced.set(key, (announced.get(key) ?? 0) + 1);
      }
    }
  }
  const found: [string, string][] = [...adverts].map(([key, list]) => [key, list.join("\n")]);
  return [
    [...found, ...[...announced].map(([key, count]): [string, string] => [key, `${count} times`])],
    last,
  ];
}
