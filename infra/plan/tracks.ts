/** Tracked things of a pair as the engine's blocks, and the files they need. */
import type { Track } from "../model/track.ts";
import type { DraftPair } from "./draft.ts";
import type { ProcessBlock, ScriptBlock } from "./engine-plan.ts";
import type { FilePlan } from "./host-plan.ts";
import { paths } from "./paths.ts";
import { executable, placeScript } from "./scripts.ts";

export interface Tracking {
  scripts: ScriptBlock[];
  processes: ProcessBlock[];
  files: FilePlan[];
  packages: string[];
}

/** `pairs` are all of the host: a check's name is enough as long as no other pair has one of that name. */
export function trackingOf(pair: DraftPair, pairs: readonly DraftPair[]): Tracking {
  const tracking: Tracking = { scripts: [], processes: [], files: [], packages: [] };
  for (const [short, track] of Object.entries(pair.model.track)) {
    const shared = pairs.some((other) => other !== pair && short in other.model.track);
    const name = shared ? `${pair.name}-${short}` : short;
    if (track.kind === "process") {
      const { process, quorum, delay = 0, weight = 0 } = track;
      tracking.processes.push({ name, process, quorum, delayMs: delay, weight });
      continue;
    }
    const { command, files, packages } = commandOf(track, name);
    tracking.files.push(...files);
    tracking.packages.push(...packages);
    tracking.scripts.push({
      name,
      command,
      everyMs: track.every,
      timeoutMs: track.timeout ?? track.every,
      fall: track.fall,
      rise: track.rise,
      weight: track.weight ?? 0,
      ...(track.kind === "script" && track.user !== undefined ? { user: track.user } : {}),
    });
  }
  return tracking;
}

interface Command {
  command: string[];
  files: FilePlan[];
  packages: string[];
}

function commandOf(track: Exclude<Track, { kind: "process" }>, name: string): Command {
  switch (track.kind) {
    case "script": {
      const { path, file } = placeScript(track.script, name);
      return { command: [path, ...track.args], files: file === undefined ? [] : [file], packages: [] };
    }
    case "file": {
      // The program, not the shell's word: it takes no shell and no bash to look for a file.
      const test = track.means === "down" ? ["!", "-e", track.path] : ["-e", track.path];
      return { command: ["/usr/bin/test", ...test], files: [], packages: [] };
    }
    case "haproxy": {
      const path = `${paths.scripts}/haproxy-answers.sh`;
      const file = executable(path, { template: "scripts/haproxy-answers.sh", values: {} });
      const asked = track.ports.map(String);
      const url = track.url === undefined ? [] : [track.url];
      return {
        command: [path, ...asked, ...url],
        files: [file],
        packages: track.url === undefined ? [] : ["curl"],
      };
    }
  }
}
