/** The live values of a host in the form of its inputs: what a refresh compares and a person sees. */
import type { Live } from "../remote/inventory.ts";
import { engineConfig, sha256 } from "./manifest.ts";
import type { EngineState, HostArgs, HostFile, UnitState } from "./schema.ts";
import { fill, mask } from "./secrets.ts";

/** What to ask a host for, so that it can be compared with `args`. */
export function requestOf(args: Pick<HostArgs, "files" | "sysctls" | "units">) {
  return {
    files: Object.keys(args.files),
    sysctls: Object.keys(args.sysctls),
    units: Object.keys(args.units),
  };
}

/** `known` with the host's own values in place of the wanted ones; what is not there is left out. */
export function liveArgs(known: HostArgs, live: Live): HostArgs {
  const files: Record<string, HostFile> = {};
  for (const [path, wanted] of Object.entries(known.files)) {
    const found = live.files[path];
    if (found) files[path] = { ...found, content: mask(found.content, wanted.content, known.secrets) };
  }
  const units: Record<string, UnitState> = {};
  for (const name of Object.keys(known.units)) {
    const found = live.units[name];
    if (found) units[name] = { enabled: found.enabled, active: found.active };
  }
  const { engine: _, ...rest } = known;
  return {
    ...rest,
    files,
    sysctls: pick(live.sysctls, Object.keys(known.sysctls)),
    addresses: liveAddresses(known, live),
    marks: live.rules.marks,
    accepts: live.rules.accepts,
    units,
    ...liveEngine(known, live),
  };
}

function pick<T>(map: Record<string, T>, names: string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(map).filter(([name]) => names.includes(name)));
}

/** Only the wanted ones are ours; others on the same device are left alone, and left out. */
function liveAddresses(known: HostArgs, live: Live): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(known.addresses).map(([device, wanted]) => [
      device,
      wanted.filter((address) => live.addresses[device]?.includes(address)),
    ]),
  );
}

/** A binary that is right on the disk while another one runs is as much drift as the other way round. */
function liveEngine(known: HostArgs, live: Live): { engine?: EngineState } {
  if (!known.engine || !live.engine) return {};
  const { sha256: onDisk, runningSha256, version } = live.engine;
  const running = runningSha256 || onDisk;
  return {
    engine: {
      sha256: onDisk === known.engine.sha256 ? running : onDisk,
      version,
      loadedConfig: loadedConfig(known, live),
    },
  };
}

/**
 * The wanted hash is of the text with placeholders, for a hash of a text with a short password gives the password away.
 * A live one that is another's is shortened for the same reason.
 */
function loadedConfig(known: HostArgs, live: Live): string {
  const loaded = live.engine?.status?.config.sha256;
  if (!loaded) return "none: the engine is not running";
  const text = known.files[engineConfig]?.content ?? "";
  return loaded === sha256(fill(text, known.secrets)) ? sha256(text) : `another one (${loaded.slice(0, 6)})`;
}
