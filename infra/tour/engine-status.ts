/** Asks the engine of a lab host how it is. */
import type { HostName } from "../lab/address.ts";
import type { Lab } from "../lab/lab.ts";
import { until } from "../machine/wait.ts";

/** The part of `understudy status --json` that the tour looks at. */
export interface Status {
  healthy: boolean;
  problems: string[];
  instances: { name: string; state: string; priority: number; vips: { address: string; held: boolean }[] }[];
}

/** The status, or undefined where the host or its engine does not answer. */
export async function statusOf(lab: Lab, host: HostName): Promise<Status | undefined> {
  const { stdout } = await lab
    .ssh(host, ["understudy", "status", "--json"], { timeoutMs: 5_000 })
    .catch(() => ({
      stdout: "",
    }));
  try {
    return JSON.parse(stdout) as Status;
  } catch {
    return undefined;
  }
}

/** Whether the host is master of the instance and healthy. */
export const isMaster = (status: Status | undefined, instance: string): boolean =>
  status?.instances.some((one) => one.name === instance && one.state === "MASTER") === true;

/** Asks until `holds`, at most for `limitMs`; throws with what was last seen. */
export async function waitFor(
  what: string,
  limitMs: number,
  holds: () => Promise<boolean>,
  everyMs = 250,
): Promise<void> {
  if (!(await until(holds, limitMs, everyMs))) throw new Error(`${what}: not within ${limitMs / 1000} s`);
}
