/**
 * A scenario of the tour on hosts of its own, with a state of its own: nothing of the user's lab is touched, and every
 * run starts with fresh disks.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostName } from "../../infra/lab/address.ts";
import { type Lab, openLab } from "../../infra/lab/lab.ts";
import { root } from "../../infra/machine/checkout.ts";
import type { Outcome } from "../../infra/machine/run.ts";
import { pulumi } from "../../infra/toolchain/pulumi.ts";
import { isMaster, type Status, statusOf, waitFor } from "../../infra/tour/engine-status.ts";
import type { Scenario } from "../../infra/tour/scenarios/scenario.ts";
import { labSecrets } from "../../infra/tour/secrets.ts";
import { type Tour, tourSteps } from "../../infra/tour/tour.ts";

export interface Deployment {
  lab: Lab;
  tour: Tour;
  /** Fresh hosts with the user's own services on them; nothing is deployed. */
  begin(): Promise<void>;
  end(): Promise<void>;
  /** Runs a step of the tour by the start of its name; throws if it does not hold. */
  step(name: string): Promise<string>;
  pulumi(args: string[], signal?: AbortSignal): Promise<Outcome>;
  /** What a command printed; throws if it failed. */
  says(host: HostName, ...argv: string[]): Promise<string>;
  status(host: HostName): Promise<Status | undefined>;
  /** Waits until the host is master and healthy. */
  master(host: HostName): Promise<void>;
  /** What `understudy events` tells of the states of instances, each with its reason. */
  transitions(host: HostName): Promise<string[]>;
}

export function deploymentOf(scenario: Scenario, name: string): Deployment {
  process.env.UNDERSTUDY_LAB = name;
  const state = mkdtempSync(join(tmpdir(), `understudy-${name}-`));
  process.env.PULUMI_BACKEND_URL = `file://${state}`;
  const lab = openLab(name);
  const tour: Tour = {
    lab,
    scenario,
    secrets: labSecrets(root, scenario.stack, scenario.secrets),
    report: { steps: [], gap_ms: null, bound_ms: null, balance: {} },
  };
  const steps = tourSteps(tour);
  const status = (host: HostName) => statusOf(lab, host);
  const step = (prefix: string) => {
    const found = steps.find((one) => one.name.startsWith(prefix));
    if (!found) throw new Error(`the tour has no step ${prefix}`);
    return found.run(() => {});
  };
  return {
    lab,
    tour,
    step,
    status,
    async begin() {
      await lab.destroy();
      await step("tools");
      await step("lab");
    },
    async end() {
      await lab.destroy();
      rmSync(state, { recursive: true, force: true });
    },
    pulumi: (args, signal) =>
      pulumi([...args, "--stack", scenario.stack, "--non-interactive"], signal ? { signal } : {}),
    async says(host, ...argv) {
      const { stdout, stderr, code } = await lab.ssh(host, argv);
      if (code !== 0) throw new Error(`${host}: ${argv.join(" ")}: ${stderr.trim() || `exit code ${code}`}`);
      return stdout.trim();
    },
    master: (host) =>
      waitFor(`${host} is master and healthy`, 60_000, async () => {
        const seen = await status(host);
        return isMaster(seen, scenario.instance) && seen?.healthy === true;
      }),
    async transitions(host) {
      const { stdout } = await lab.ssh(host, ["understudy", "events", "--json"]);
      const events = JSON.parse(stdout) as { change: string; why: string }[];
      return events.flatMap(({ change, why }) => (change.includes(" -> ") ? [`${change}: ${why}`] : []));
    },
  };
}
