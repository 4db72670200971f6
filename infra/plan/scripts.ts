/** Scripts that the site names or gives: where they lie on the host, and how they are called. */
import type { Script } from "../model/track.ts";
import type { FilePlan } from "./host-plan.ts";
import { paths } from "./paths.ts";

export interface PlacedScript {
  /** Absolute path on the host. */
  path: string;
  /** Absent for a program that is on the host already. */
  file?: FilePlan;
}

/**
 * `called` names the script where the site gives its text. `values` fill in a template besides `site` and `host`, which
 * every template has.
 */
export function placeScript(
  script: Script,
  called: string,
  values: Record<string, string | number> = {},
): PlacedScript {
  if (typeof script !== "string") {
    const path = `${paths.scripts}/${called}.sh`;
    return { path, file: executable(path, { text: script.text }) };
  }
  if (script.startsWith("/")) return { path: script };
  const path = `${paths.scripts}/${script}`;
  return { path, file: executable(path, { template: `scripts/${script}`, values }) };
}

export function executable(path: string, source: FilePlan["source"]): FilePlan {
  return { path, mode: "0755", owner: "root:root", source };
}
