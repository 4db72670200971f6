/** What a pair's members do when their state changes, as the engine's notify lines. */
import type { DraftPair } from "./draft.ts";
import type { InstanceBlock } from "./engine-plan.ts";
import type { FilePlan } from "./host-plan.ts";
import { paths, scriptUser } from "./paths.ts";
import { executable, placeScript } from "./scripts.ts";

export interface Notifications {
  lines: InstanceBlock["notify"];
  mail: boolean;
  files: FilePlan[];
  writablePaths: string[];
}

interface Call {
  command: string[];
  user?: string;
}

export function notificationsOf(pair: DraftPair): Notifications {
  const all: Notifications = { lines: [], mail: false, files: [], writablePaths: [] };
  const calls = new Map<string, Call[]>();
  const call = (keyword: string, one: Call) => calls.set(keyword, [...(calls.get(keyword) ?? []), one]);
  for (const [index, notify] of pair.model.notify.entries()) {
    if (notify.kind === "mail") {
      all.mail = true;
    } else if (notify.kind === "state") {
      const path = `${paths.scripts}/write-state.sh`;
      all.files.push(executable(path, { template: "scripts/write-state.sh", values: {} }));
      all.writablePaths.push(notify.path.slice(0, notify.path.lastIndexOf("/")) || "/");
      // As root: the folder belongs to whoever reads the file.
      call("notify", { command: [path, notify.path], user: "root" });
    } else {
      const { path, file } = placeScript(notify.script, `${pair.name}-notify-${index + 1}`);
      if (file !== undefined) all.files.push(file);
      const one = {
        command: [path, ...notify.args],
        ...(notify.user === undefined ? {} : { user: notify.user }),
      };
      const keywords = notify.on.length === 0 ? ["notify"] : notify.on.map((state) => `notify_${state}`);
      for (const keyword of keywords) call(keyword, one);
    }
  }
  for (const [keyword, list] of calls) all.lines.push(lineOf(pair, keyword, list, all.files));
  return all;
}

/** The language takes a keyword once per instance: several scripts are called in their order by one of the pair's own. */
function lineOf(
  pair: DraftPair,
  keyword: string,
  calls: readonly Call[],
  files: FilePlan[],
): InstanceBlock["notify"][0] {
  const only = calls[0];
  if (calls.length === 1 && only !== undefined) return { keyword, ...only };
  const path = `${paths.scripts}/${pair.name}-${keyword.replace("_", "-")}.sh`;
  const others = calls.some(({ user }) => user !== undefined);
  const commands = calls.map(({ command, user = scriptUser }) =>
    others && user !== "root"
      ? ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups", ...command]
      : command,
  );
  files.push(executable(path, { template: "scripts/notify.sh", values: { pair: pair.name, commands } }));
  return { keyword, command: [path], ...(others ? { user: "root" } : {}) };
}
