/** The steps of a tour through one scenario: from nothing to a failover, and back, and a repaired drift. */

import type { Lab } from "../lab/lab.ts";
import { lastLines, type Outcome } from "../machine/run.ts";
import { sleep } from "../machine/wait.ts";
import { pulumiCli, pulumiVersion } from "../toolchain/cli.ts";
import { engineBinary } from "../toolchain/engine.ts";
import { isLocked } from "../toolchain/lock.ts";
import { pulumi } from "../toolchain/pulumi.ts";
import { isMaster, statusOf, waitFor } from "./engine-status.ts";
import { masterDownMs, type Report } from "./report.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import type { Secrets } from "./secrets.ts";
import type { Step } from "./steps.ts";

/** Adverts of the lab's pairs, milliseconds: the sites leave it at the default. */
const advertMs = 1000;
/** What a client may lose beyond the protocol's bound: its own timeout, and the announcement, milliseconds. */
const toleranceMs = 50;
const connections = 300;

export interface Tour {
  lab: Lab;
  scenario: Scenario;
  secrets: Secrets;
  /** Filled in as the steps run. */
  report: Report;
}

export function tourSteps(tour: Tour): Step[] {
  const { lab, scenario } = tour;
  return [
    { name: "tools", run: (doing) => tools(doing) },
    { name: "lab", run: (doing) => bringUp(tour, doing) },
    { name: "pulumi up", run: (doing) => deploy(tour, doing) },
    { name: "balance", run: () => balance(tour) },
    { name: `power cut of ${scenario.master}`, run: (doing) => powerCut(tour, doing) },
    { name: `${scenario.master} returns`, run: (doing) => comeBack(tour, doing) },
    { name: "drift", run: (doing) => drift(lab, scenario, doing) },
  ];
}

async function tools(doing: (what: string) => void): Promise<string> {
  doing("the Pulumi CLI");
  const cli = await pulumiCli(doing);
  doing("the engine");
  await engineBinary(doing);
  const own = Object.keys(cli.env).length > 0;
  return `pulumi ${own ? `${pulumiVersion} (built here)` : "(installed)"}, engine built`;
}

async function bringUp({ lab, scenario, secrets }: Tour, doing: (what: string) => void): Promise<string> {
  await lab.up(scenario.hosts, doing);
  await lab.heal();
  await scenario.prepare(lab, (name) => secrets[name] ?? "", doing);
  return `${scenario.hosts.join(" ")}, real kernels`;
}

/** Runs Pulumi for the scenario's stack inside the lab's network. */
async function run(
  { scenario }: { scenario: Scenario },
  args: string[],
  doing: (what: string) => void = () => {},
  stdin?: string,
): Promise<Outcome> {
  const options = {
    onLine: (line: string) => doing(line.trim()),
    ...(stdin !== undefined && { stdin }),
  };
  const argv = [...args, "--stack", scenario.stack, "--non-interactive"];
  const result = await pulumi(argv, options);
  if (!isLocked(result.stderr)) return result;
  // An earlier run that was killed: its lock says nothing any more, and this tour is alone on its stack.
  await pulumi(["cancel", "--yes", "--stack", scenario.stack], options);
  return pulumi(argv, options);
}

async function deploy(tour: Tour, doing: (what: string) => void): Promise<string> {
  for (const name of tour.scenario.secrets) {
    doing(`secret ${name}`);
    const set = await run(
      tour,
      ["config", "set", "--secret", `understudy:${name}`],
      undefined,
      tour.secrets[name],
    );
    if (set.code !== 0) throw new Error(`pulumi config set ${name}:\n${set.stderr.trim()}`);
  }
  const up = await run(tour, ["up", "--yes", "--skip-preview"], doing);
  if (up.code !== 0) throw new Error(`pulumi up:\n${excerpt(up.stdout + up.stderr)}`);
  const counts = /Resources:\n((?: {4}.*\n?)+)/.exec(up.stdout)?.[1] ?? "";
  return `${counts
    .trim()
    .split("\n")
    .map((line) => line.trim())
    .join(", ")}; standby first`;
}

const excerpt = (text: string): string => lastLines(text, 40);

async function balance({ lab, scenario, secrets, report }: Tour): Promise<string> {
  const login = scenario.login
    ? { user: scenario.login, password: secrets[`${scenario.login}-password`] ?? "" }
    : {};
  const { servers, failed, errors } = await lab.balance(
    scenario.client,
    { ...scenario.target, ...login },
    connections,
  );
  report.balance = { ...servers };
  const text = scenario.servers.map((name) => `${name} ${servers[name] ?? 0}`).join("  ");
  if (failed > 0)
    throw new Error(`${text}; ${failed} of ${connections} failed: ${Object.keys(errors).join("; ")}`);
  const silent = scenario.servers.filter((name) => !servers[name]);
  if (silent.length > 0) throw new Error(`${text}: nothing from ${silent.join(", ")}`);
  return `${text}   (${connections} connections through ${scenario.target.host})`;
}

async function powerCut({ lab, scenario, report }: Tour, doing: (what: string) => void): Promise<string> {
  const { master, standby, instance, client, target } = scenario;
  const status = await statusOf(lab, standby);
  const priority = status?.instances.find((one) => one.name === instance)?.priority;
  if (priority === undefined) throw new Error(`${standby} does not tell its priority in ${instance}`);
  const bound = masterDownMs(advertMs, priority);
  doing("the client asks every 20 ms");
  const watch = lab.watch(client, target);
  await watch.ready;
  await sleep(1500);
  doing(`no power on ${master}`);
  await lab.cut(master);
  await waitFor(`${standby} takes over`, 15_000, async () =>
    isMaster(await statusOf(lab, standby), instance),
  );
  await sleep(2000);
  const seen = await watch.stop();
  report.gap_ms = seen.gapMs;
  report.bound_ms = Math.round(bound);
  const text = `client's gap ${seconds(seen.gapMs)}   (protocol's bound ${seconds(bound)})`;
  if (seen.gapMs > bound + toleranceMs)
    throw new Error(`${text}: beyond the bound by ${Math.round(seen.gapMs - bound)} ms`);
  return text;
}

async function comeBack({ lab, scenario }: Tour, doing: (what: string) => void): Promise<string> {
  const { master, instance, client, target } = scenario;
  const watch = lab.watch(client, target, { maxMs: 120_000 });
  await watch.ready;
  doing(`${master} boots`);
  await lab.start(master);
  doing(`${master} takes its address back`);
  await waitFor(`${master} is master again`, 60_000, async () =>
    isMaster(await statusOf(lab, master), instance),
  );
  await waitFor(`${master} is healthy`, 60_000, async () => (await statusOf(lab, master))?.healthy === true);
  await sleep(1000);
  const seen = await watch.stop();
  return `master again, client's gap ${seconds(seen.gapMs)}`;
}

async function drift(lab: Lab, scenario: Scenario, doing: (what: string) => void): Promise<string> {
  const { host, story, change, path, look, wanted } = scenario.drift;
  const changed = await lab.ssh(host, change);
  if (changed.code !== 0) throw new Error(`${story}: ${changed.stderr.trim()}`);
  doing("pulumi preview");
  const preview = await run({ scenario }, ["preview", "--refresh", "--diff", "--expect-no-changes"], doing);
  if (preview.code === 0) throw new Error(`${story}: the preview does not see it`);
  const key = /"([^"]+)"/.exec(path)?.[1] ?? path;
  if (!preview.stdout.includes(key))
    throw new Error(`${story}: not named in the preview\n${excerpt(preview.stdout)}`);
  doing("pulumi up");
  const up = await run({ scenario }, ["up", "--yes", "--skip-preview"], doing);
  if (up.code !== 0) throw new Error(`pulumi up:\n${excerpt(up.stdout + up.stderr)}`);
  const after = (await lab.ssh(host, look)).stdout.trim();
  if (after !== wanted) throw new Error(`${story}: still ${after} after pulumi up, expected ${wanted}`);
  const clean = await run({ scenario }, ["preview", "--refresh", "--expect-no-changes"], doing);
  if (clean.code !== 0)
    throw new Error(`after the repair the preview still has changes:\n${excerpt(clean.stdout)}`);
  return `${story}: shown, repaired`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
