/** The part of `understudy status --json` that a deploy and a refresh look at. */

export type InstanceState = "MASTER" | "BACKUP" | "FAULT" | "INIT";

export interface InstanceStatus {
  name: string;
  state: InstanceState;
  vips: { address: string; held: boolean }[];
  priority?: number;
}

export interface EngineStatus {
  version: string;
  healthy: boolean;
  problems: string[];
  config: { sha256: string; stale: boolean; error: string | null };
  instances: InstanceStatus[];
}

/** `undefined` for anything that is not a status: an engine that does not run prints none. */
export function parseStatus(text: string): EngineStatus | undefined {
  let value: Partial<EngineStatus> | null;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!value || typeof value !== "object" || !value.config) return undefined;
  return {
    version: value.version ?? "",
    healthy: value.healthy === true,
    problems: (value.problems ?? []).map(problemText),
    config: value.config,
    instances: value.instances ?? [],
  };
}

/** A problem is a sentence, or an object that holds one. */
function problemText(problem: unknown): string {
  if (typeof problem === "string") return problem;
  const { message, text } = (problem ?? {}) as { message?: string; text?: string };
  return message ?? text ?? JSON.stringify(problem);
}

/** Why the engine can't be called healthy, in one sentence; empty when it can. */
export function complaint(code: number, status: EngineStatus | undefined, configSha256: string): string {
  if (!status) return code === 3 ? "the engine is not running" : `the engine gives no status (exit ${code})`;
  if (status.config.error) return `the engine refuses the configuration: ${status.config.error}`;
  if (configSha256 && status.config.sha256 !== configSha256)
    return "the engine still runs on another configuration";
  if (code === 0 && status.healthy) return "";
  const faults = status.instances.filter((i) => i.state === "FAULT" || i.state === "INIT");
  const states = faults.map((i) => `${i.name} is in ${i.state}`);
  return [...status.problems, ...states].join("; ") || `the engine says it is not healthy (exit ${code})`;
}
