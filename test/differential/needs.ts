/** What a configuration needs around it: interfaces, scripts, files, users, a peer; and how long it takes to settle. */
import { all, entries, type Line, value } from "./blocks.ts";
import type { Directives } from "./directives.ts";

/** An interface of the host. The peer has one of the same name at the other end. */
export interface Device {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly peerAddresses: readonly string[];
  readonly mac: string;
}

/** A program that can be made to fail. */
export interface Check {
  readonly name: string;
  readonly path: string;
  /** From a change until it counts, milliseconds. */
  readonly settleMs: number;
}

/** One virtual router, as far as its peer has to know it. */
export interface Router {
  readonly name: string;
  readonly block: readonly Line[];
  readonly intervalMs: number;
  /** Master_Down_Interval with all delays in front of it, milliseconds. */
  readonly downMs: number;
}

export interface Needs {
  readonly devices: readonly Device[];
  readonly routers: readonly Router[];
  readonly checks: readonly Check[];
  /** Programs that are told about changes. */
  readonly notified: readonly string[];
  /** Those that are told of a worse master. */
  readonly aboutRivals: readonly string[];
  readonly files: readonly string[];
  readonly processes: readonly string[];
  readonly fifos: readonly string[];
  readonly users: readonly string[];
  /** The longest of all routers, milliseconds. */
  readonly settleMs: number;
}

const lists = ["track_interface", "linkbeat_interfaces", "interface_up_down_delays", "interfaces"];
const notifies =
  /^(notify(_(master|backup|fault|stop|deleted|master_rx_lower_pri|fifo_script))?|.*_fifo_script|startup_script|shutdown_script)$/;

/** `settled` has all defaults filled in, if it could be had; what is not understood yet stands only in the `raw` one. */
export function needsOf(
  settled: readonly Line[] | undefined,
  raw: readonly Line[],
  directions: Directives,
): Needs {
  const whole = settled ?? raw;
  const routers = all(whole, "vrrp_instance").map((one) => router(one, whole));
  const lines = settled ? [...settled, ...raw.filter(plain)] : raw;
  const programs = scripts(lines);
  return {
    devices: devicesOf(lines, directions),
    routers,
    checks: unique(all(lines, "vrrp_script").flatMap(check)),
    notified: [...new Set(programs.map(([path]) => path))],
    aboutRivals: all(lines, "notify_master_rx_lower_pri").map((line) => programOf(line.words[1] ?? "")),
    files: words(lines, "file", "track_file", "vrrp_track_file"),
    processes: words(lines, "process", "vrrp_track_process"),
    fifos: [...new Set(all(lines, ...fifos).flatMap((one) => one.words.slice(1, 2)))],
    users: [...new Set([...programs.flatMap(([, user]) => user), ...named(lines)])],
    settleMs: Math.max(0, ...routers.map((one) => one.downMs)),
  };
}

const fifos = ["notify_fifo", "vrrp_notify_fifo", "lvs_notify_fifo"];

/** The first word of a keyword in blocks of these names. */
const words = (lines: readonly Line[], keyword: string, ...blocks: string[]): string[] => [
  ...new Set(all(lines, ...blocks).flatMap(({ block }) => value(block, keyword)?.slice(0, 1) ?? [])),
];

/** Without definitions and sequences, which only their reader can make something of. */
const plain = ({ words, block }: Line): boolean =>
  words.every((word) => !/[$~]/.test(word)) && (block ?? []).every(plain);

/** One of each name. */
const unique = <T extends { readonly name: string }>(list: readonly T[]): T[] => [
  ...new Map(list.map((one) => [one.name, one])).values(),
];

const seconds = (words: readonly string[] | undefined, otherwise: number): number =>
  Math.round((Number(words?.[0]) || otherwise) * 1000);

function router({ words, block = [] }: Line, lines: readonly Line[]): Router {
  const globally = (name: string) => all(lines, name).at(-1)?.words.slice(1);
  const intervalMs = seconds(value(block, "advert_int"), 1);
  const version = value(block, "version")?.[0] ?? globally("vrrp_version")?.[0] ?? "2";
  const priority = Number(value(block, "priority")?.[0] ?? 100);
  const adverts = Number(
    (value(block, "down_timer_adverts") ?? globally("vrrp_down_timer_adverts"))?.[0] ?? 3,
  );
  const skewMs = ((256 - priority) * (version === "2" ? 1000 : intervalMs)) / 256;
  const before = seconds(value(block, "preempt_delay"), 0) + seconds(globally("vrrp_startup_delay"), 0);
  return { name: words[1] ?? "", block, intervalMs, downMs: adverts * intervalMs + skewMs + before };
}

/** The program of a command that is written as one word. */
const programOf = (command: string): string => command.replaceAll("\\x24", "$").split(/\s+/)[0] ?? "";

function check({ words, block }: Line): Check[] {
  const path = programOf(value(block, "script")?.[0] ?? "");
  const intervalMs = seconds(value(block, "interval"), 1);
  const counts = ["rise", "fall"].map((name) => Number(value(block, name)?.[0] ?? 1));
  return path === ""
    ? []
    : [{ name: words[1] ?? "", path, settleMs: intervalMs * (Math.max(...counts) + 1) }];
}

/** Programs with the users that they run as. */
function scripts(lines: readonly Line[]): [path: string, users: readonly string[]][] {
  return lines.flatMap((line): [string, readonly string[]][] => [
    ...(notifies.test(line.words[0] ?? "") && line.words[1]
      ? [[programOf(line.words[1]), line.words.slice(2, 3)] as [string, readonly string[]]]
      : []),
    ...(line.block ? scripts(line.block) : []),
  ]);
}

const named = (lines: readonly Line[]): string[] =>
  all(lines, "script_user", "user").flatMap((line) => line.words.slice(1, 2));

/** The names of interfaces that the file expects to be there, in the order of their first mention. */
function interfacesOf(lines: readonly Line[]): string[] {
  const made = new Set(
    all(lines, "use_vmac", "use_ipvlan").flatMap(({ words }) =>
      words.slice(1).filter((word) => !/[:/]/.test(word)),
    ),
  );
  const named = all(lines, "interface", "default_interface", "lvs_sync_daemon").flatMap(({ words }) =>
    words.slice(1, 2),
  );
  const listed = entries(lines, ...lists).flatMap((words) => words.slice(0, 1));
  const used = entries(lines, ...addressLists, ...routeLists, "static_rules", "virtual_rules").flatMap(
    (words) => words.flatMap((word, at) => (/^(dev|oif|iif)$/.test(words[at - 1] ?? "") ? [word] : [])),
  );
  return [...new Set([...named, ...listed, ...used])].filter(
    (name) => name !== "lo" && !made.has(name) && !/^vrrp\d*\.\d+$/.test(name),
  );
}

const addressLists = ["static_ipaddress", "virtual_ipaddress", "virtual_ipaddress_excluded"];
const routeLists = ["static_routes", "virtual_routes"];

/** As `10.77.0.1/24` and `fd77::1/64` on the first interface, 78 on the next; unless the file names a source address. */
function devicesOf(lines: readonly Line[], { addresses }: Directives): Device[] {
  const names = interfacesOf(lines);
  return names.map((name, at) => {
    const number = 77 + Number(/^eth(\d)$/.exec(name)?.[1] ?? 10 + at);
    const mine = all(lines, "vrrp_instance").filter(({ block }) => value(block, "interface")?.[0] === name);
    const sources = mine.flatMap(({ block }) => [
      ...(value(block, "mcast_src_ip") ?? []).slice(0, 1),
      ...(value(block, "unicast_src_ip") ?? []).slice(0, 1),
    ]);
    const peers = mine.flatMap(({ block }) =>
      entries(block ?? [], "unicast_peer").flatMap((words) => words.slice(0, 1)),
    );
    const told = addresses.get(name) ?? [];
    const usual = { "4": `10.${number}.0.1/24`, "6": `fd${number}::1/64` };
    const untold = sources.filter(
      (one) => routable(one) && !told.some((it) => familyOf(it) === familyOf(one)),
    );
    const has = [...new Set([...told, ...untold.map(withLength)])];
    const families = (["4", "6"] as const).filter((family) => !has.some((one) => familyOf(one) === family));
    const peerHas = [
      ...new Set([...peers.filter(routable).map(withLength), `10.${number}.0.2/24`, `fd${number}::2/64`]),
    ];
    return {
      name,
      addresses: [...has, ...families.map((family) => usual[family])],
      peerAddresses: peerHas.filter((one) => !has.includes(one)),
      mac: `02:77:00:00:${number.toString(16)}:01`,
    };
  });
}

const familyOf = (address: string): "4" | "6" => (address.includes(":") ? "6" : "4");
const routable = (address: string): boolean => !address.startsWith("fe80:");
const withLength = (address: string): string => `${address}/${familyOf(address) === "4" ? 24 : 64}`;
