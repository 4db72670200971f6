/** One round trip to a host: everything that the `host` resource compares, as it is right now. */
import type { Manifest } from "../host/manifest.ts";
import type { HostFile, UnitState } from "../host/schema.ts";
import { type EngineStatus, parseStatus } from "./engine-status.ts";
import { inventoryLibrary } from "./library.ts";
import { parseRules, type Rules } from "./nft.ts";
import { command, script, type Transport } from "./transport.ts";

/** What to look at. */
export interface Request {
  files: string[];
  sysctls: string[];
  units: string[];
}

export interface LiveEngine {
  /** SHA-256 of the binary on the disk, and of the one that runs (empty when none does). */
  sha256: string;
  runningSha256: string;
  version: string;
  /** Exit code of `understudy status`: 0 healthy, 1 degraded, 2 faulty, 3 not running. */
  code: number;
  status: EngineStatus | undefined;
}

export interface Live {
  /** Only what exists; binary content would be damaged, but all our files are text. */
  files: Record<string, HostFile>;
  sysctls: Record<string, string>;
  /** Device to all its addresses, in CIDR form. */
  addresses: Record<string, string[]>;
  rules: Rules;
  units: Record<string, UnitState & { needsReload: boolean }>;
  engine: LiveEngine | undefined;
  /** The generation that is in force, or was being put in force when a deploy was interrupted. */
  current: string;
  /** The one that was last seen healthy; the same as `current` when the last deploy ended well. */
  lastGood: string;
  /** Manifests of the last good generation and of all that came after it, oldest first. */
  generations: Manifest[];
}

/** Takes the inventory. Changes nothing on the host. */
export async function inventory(host: Transport, request: Request, signal: AbortSignal): Promise<Live> {
  const calls = [
    ...request.files.map((path) => command("file", path)),
    ...request.sysctls.map((key) => command("sysctl_value", key, procPath(key))),
    "links",
    "rules",
    ...request.units.map((unit) => command("unit", unit)),
    "engine",
    "generations",
  ];
  const output = await host.run(script(inventoryLibrary, calls), signal);
  if (output.code !== 0)
    throw new Error(`inventory failed: ${output.stderr.trim() || `exit ${output.code}`}`);
  return parseInventory(output.stdout);
}

/** `net.ipv4.conf.eth0/100.rp_filter` is the sysctl of the interface `eth0.100`: dots and slashes change places. */
export function procPath(key: string): string {
  return key.replace(/[./]/g, (separator) => (separator === "." ? "/" : "."));
}

export const decode = (base64: string): string => Buffer.from(base64, "base64").toString("utf8");

interface IpLink {
  ifname: string;
  addr_info?: { local: string; prefixlen: number }[];
}

/** Reads the answers of `inventory.sh`. */
export function parseInventory(text: string): Live {
  const live: Live = {
    files: {},
    sysctls: {},
    addresses: {},
    rules: { marks: {}, accepts: {} },
    units: {},
    engine: undefined,
    current: "",
    lastGood: "",
    generations: [],
  };
  for (const line of text.split("\n")) {
    const [word, a = "", b = "", c = "", d = "", e = ""] = line.split("\t");
    if (word === "file") live.files[a] = { content: decode(d), mode: b.padStart(4, "0"), owner: c };
    else if (word === "sysctl") live.sysctls[a] = b.trim().replace(/ +/g, " ");
    else if (word === "links") live.addresses = parseAddresses(decode(a));
    else if (word === "rules") live.rules = parseRules(decode(a));
    else if (word === "unit") addUnit(live, a, b);
    else if (word === "engine")
      live.engine = {
        sha256: a,
        runningSha256: b,
        version: c.replace(/^\S+ /, ""),
        code: Number(d),
        status: parseStatus(decode(e)),
      };
    else if (word === "current") live.current = a;
    else if (word === "last-good") live.lastGood = a;
    else if (word === "generation" && b) live.generations.push({ ...JSON.parse(decode(b)), name: a });
  }
  return live;
}

function parseAddresses(json: string): Record<string, string[]> {
  if (!json.trim()) return {};
  const links = JSON.parse(json) as IpLink[];
  return Object.fromEntries(
    links
      .filter((link) => link.ifname)
      .map((link) => [
        link.ifname,
        (link.addr_info ?? []).filter((a) => a.local).map((a) => `${a.local}/${a.prefixlen}`),
      ]),
  );
}

function addUnit(live: Live, name: string, text: string): void {
  const value = (key: string) => new RegExp(`${key}=(\\S*)`).exec(text)?.[1] ?? "";
  if (!["loaded", "masked"].includes(value("LoadState"))) return;
  live.units[name] = {
    enabled: value("UnitFileState").startsWith("enabled"),
    active: ["active", "reloading"].includes(value("ActiveState")),
    needsReload: value("NeedDaemonReload") === "yes",
  };
}
