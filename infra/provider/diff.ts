/** Wanted against live, by property path. Pure, and the same for every resource. */
import { type Change, type Json, type Props, unknownValue } from "./rpc.ts";

/** Properties that are maps by the user's own names: their keys stand in brackets, `files["/etc/motd"].mode`. */
export interface Paths {
  maps: string[];
  /** Properties that are no state of the host: how it is reached. */
  ignored: string[];
}

export function diffProps(live: Props, wanted: Props, paths: Paths): Change[] {
  const changes: Change[] = [];
  for (const key of keysOf(live, wanted)) {
    if (paths.ignored.includes(key)) continue;
    compare(key, paths.maps.includes(key), live[key], wanted[key], changes);
  }
  return changes;
}

const keysOf = (a: object, b: object): string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])];
const isMap = (value: Json | undefined): value is Props =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function compare(
  path: string,
  map: boolean,
  live: Json | undefined,
  wanted: Json | undefined,
  out: Change[],
) {
  if (wanted === unknownValue) out.push({ path, kind: live === undefined ? "add" : "update" });
  else if (live === undefined && wanted === undefined) return;
  else if (live === undefined) out.push({ path, kind: "add" });
  else if (wanted === undefined) out.push({ path, kind: "delete" });
  else if (isMap(live) && isMap(wanted)) {
    for (const key of keysOf(live, wanted))
      compare(map ? `${path}[${JSON.stringify(key)}]` : `${path}.${key}`, false, live[key], wanted[key], out);
  } else if (Array.isArray(live) && Array.isArray(wanted) && live.length === wanted.length) {
    for (const [index, value] of wanted.entries())
      compare(`${path}[${index}]`, false, live[index], value, out);
  } else if (JSON.stringify(live) !== JSON.stringify(wanted)) out.push({ path, kind: "update" });
}
