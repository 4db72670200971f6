/**
 * From wanted and live to the steps that make them equal, in the order in which they are safe: sysctls before addresses
 * (or a host answers ARP for the VIP in between), rules before the engine (or a backup balances again what the master
 * sent it), the network's unit before the engine's. Pure; only what differs becomes a step.
 */
import type { Live } from "../remote/inventory.ts";
import { procPath } from "../remote/inventory.ts";
import { parseRules } from "../remote/nft.ts";
import { command } from "../remote/transport.ts";
import { canonical, engineConfig, engineUnit, type Manifest, sha256, type Wanted } from "./manifest.ts";

export interface Step {
  /** What a person reads when it fails, as `reload understudy.service`. */
  label: string;
  /** Calls of functions of `apply.sh`. */
  calls: string[];
}

/** Sets sysctls, rules and addresses at boot. It is never restarted, for that would take the addresses away. */
export const networkUnit = "understudy-network.service";
/** What that unit runs where another firewall drops what it doesn't know. */
const openFirewall = "/etc/understudy/scripts/open-firewall.sh";
const engineFolder = "/etc/understudy/";
const unitFolder = "/etc/systemd/system/";

/** The steps that turn `live` into `wanted`, whose files lie in the folder of generation `name`. */
export function steps(wanted: Wanted, live: Live, name: string): Step[] {
  const changed = changedFiles(wanted, live);
  const removed = removedFiles(wanted, live.generations);
  const retired = retiredUnits(wanted, live.generations);
  // The network's unit takes its rules and addresses along when it stops.
  const left = retired.includes(networkUnit) ? { ...live, rules: parseRules(""), addresses: {} } : live;
  return [
    ...retired.map((unit) => one(`stop and disable ${unit}`, "unit_retire", unit)),
    ...switchFiles(changed, removed, name),
    ...linkEngine(wanted, live),
    ...reloadUnits([...changed, ...removed], live),
    ...setSysctls(wanted, live),
    ...loadRules(wanted, left, changed),
    ...addAddresses(wanted, left),
    ...removeAddresses(wanted, live),
    ...runUnits(wanted, live, changed),
  ];
}

const one = (label: string, ...words: string[]): Step => ({ label, calls: [command(...words)] });
const keys = <T>(...maps: Record<string, T>[]): string[] => [...new Set(maps.flatMap((m) => Object.keys(m)))];

export function changedFiles(wanted: Wanted, live: Live): string[] {
  return Object.entries(wanted.files)
    .filter(([path, file]) => {
      const found = live.files[path];
      if (!found || found.mode !== file.mode || found.owner !== file.owner) return true;
      return sha256(found.content) !== file.sha256;
    })
    .map(([path]) => path);
}

function removedFiles(wanted: Wanted, generations: Manifest[]): string[] {
  return keys(...generations.map((g) => g.files)).filter((path) => !(path in wanted.files));
}

/** Before their files go, for `disable` needs them; the engine before its network. */
function retiredUnits(wanted: Wanted, generations: Manifest[]): string[] {
  return keys(...generations.map((g) => g.units))
    .filter((unit) => !(unit in wanted.units))
    .sort((a, b) => rank(b) - rank(a));
}

function switchFiles(changed: string[], removed: string[], name: string): Step[] {
  if (changed.length + removed.length === 0) return [];
  const inFolder = (path: string) => path.startsWith(engineFolder);
  const folder = [
    ...changed.filter(inFolder).map((path) => command("tree_put", name, path)),
    ...removed.filter(inFolder).map((path) => command("tree_drop", path)),
  ];
  const elsewhere = [
    ...changed.filter((p) => !inFolder(p)).map((path) => command("place", name, path)),
    ...removed.filter((p) => !inFolder(p)).map((path) => command("drop", path)),
  ];
  const exchange = folder.length > 0 ? ["tree_begin", ...folder, "tree_exchange"] : [];
  return [{ label: `switch to generation ${name}`, calls: [...elsewhere, ...exchange] }];
}

function linkEngine(wanted: Wanted, live: Live): Step[] {
  if (!wanted.engine || live.engine?.sha256 === wanted.engine) return [];
  return [one(`use the engine ${wanted.engine.slice(0, 12)}`, "engine_link", wanted.engine)];
}

function reloadUnits(paths: string[], live: Live): Step[] {
  const touched = paths.some((path) => path.startsWith(unitFolder));
  const behind = Object.values(live.units).some((unit) => unit.needsReload);
  return touched || behind ? [one("read the units again", "unit_do", "daemon-reload")] : [];
}

function setSysctls(wanted: Wanted, live: Live): Step[] {
  return Object.entries(wanted.sysctls)
    .filter(([key, value]) => live.sysctls[key] !== value)
    .map(([key, value]) => one(`set ${key} to ${value}`, "sysctl_set", procPath(key), value));
}

function loadRules(wanted: Wanted, live: Live, changed: string[]): Step[] {
  const files = Object.keys(wanted.files).filter((path) => path.endsWith(".nft"));
  const known = live.generations.flatMap((g) => Object.keys(g.files)).some((path) => path.endsWith(".nft"));
  if (files.length === 0) return known ? [one("remove the packet rules", "rules_drop")] : [];
  const same =
    canonical(live.rules) === canonical({ marks: wanted.marks, accepts: wanted.accepts }) &&
    !files.some((path) => changed.includes(path));
  return same ? [] : files.map((path) => one(`load the packet rules of ${path}`, "rules_load", path));
}

function addAddresses(wanted: Wanted, live: Live): Step[] {
  return pairs(wanted.addresses)
    .filter(([device, address]) => !live.addresses[device]?.includes(address))
    .map(([device, address]) => one(`add ${address} to ${device}`, "address_add", device, address));
}

/** Only those that we have added ourselves, in whichever generation. */
function removeAddresses(wanted: Wanted, live: Live): Step[] {
  const remove = live.generations
    .flatMap((g) => pairs(g.ownAddresses))
    .filter(([device, address]) => !wanted.addresses[device]?.includes(address))
    .filter(([device, address]) => live.addresses[device]?.includes(address))
    .map(([device, address]) => one(`remove ${address} from ${device}`, "address_del", device, address));
  return [...new Map(remove.map((step) => [step.label, step])).values()];
}

const pairs = (addresses: Record<string, string[]>): [string, string][] =>
  Object.entries(addresses).flatMap(([device, list]) => list.map((a): [string, string] => [device, a]));

/** The addresses that are ours to take away once `wanted` is in force: those that we add, and those we added before. */
export function ownAddresses(wanted: Wanted, live: Live): Record<string, string[]> {
  const before = live.generations.flatMap((g) => pairs(g.ownAddresses));
  const own: Record<string, string[]> = {};
  for (const [device, address] of pairs(wanted.addresses)) {
    const ours = before.some(([d, a]) => d === device && a === address);
    if (ours || !live.addresses[device]?.includes(address)) own[device] = [...(own[device] ?? []), address];
  }
  return own;
}

function runUnits(wanted: Wanted, live: Live, changed: string[]): Step[] {
  const order = keys(wanted.units).sort((a, b) => rank(a) - rank(b));
  return order.flatMap((unit) => {
    const want = wanted.units[unit];
    const have = live.units[unit] ?? { enabled: false, active: false };
    const result: Step[] = [];
    if (want?.enabled && !have.enabled) result.push(one(`enable ${unit}`, "unit_do", "enable", unit));
    if (!want?.enabled && have.enabled) result.push(one(`disable ${unit}`, "unit_do", "disable", unit));
    if (want?.active && !have.active) result.push(one(`start ${unit}`, "unit_start", unit));
    if (!want?.active && have.active) result.push(one(`stop ${unit}`, "unit_do", "stop", unit));
    if (want?.active && have.active) result.push(...refresh(unit, wanted, live, changed));
    return result;
  });
}

/** The network's unit first, then the engine's, then others; retired in the opposite order. */
const rank = (unit: string): number => [networkUnit, engineUnit].indexOf(unit) + 1 || 3;

/** A running unit whose unit file or binary is another one restarts; an engine with a new configuration reloads. */
function refresh(unit: string, wanted: Wanted, live: Live, changed: string[]): Step[] {
  const definition = changed.some(
    (p) => p === `${unitFolder}${unit}` || p.startsWith(`${unitFolder}${unit}.d/`),
  );
  if (unit === networkUnit)
    return definition || changed.includes(openFirewall)
      ? [one(`reload ${unit}`, "unit_do", "reload", unit)]
      : [];
  const replaced =
    unit === engineUnit && wanted.engine !== "" && live.engine?.runningSha256 !== wanted.engine;
  if (definition || replaced) return [one(`restart ${unit}`, "unit_do", "restart", unit)];
  if (unit !== engineUnit) return [];
  const config = changed.some((path) => path.startsWith(engineFolder) && path.endsWith(".conf"));
  const behind = live.engine?.status?.config.sha256 !== wanted.files[engineConfig]?.sha256;
  return config || behind ? [one(`reload ${unit}`, "unit_do", "reload", unit)] : [];
}
