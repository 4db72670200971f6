/** The Pulumi program: the stack's configuration, its site, the hosts' facts, the plan, and what to make of it. */
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { connectionOf } from "./deploy/connection.ts";
import { discover } from "./deploy/facts.ts";
import { observerConnection, observerOf, observerSecrets } from "./deploy/observer.ts";
import { report, tell } from "./deploy/report.ts";
import { rollOut } from "./deploy/rollout.ts";
import { collectSecrets } from "./deploy/secrets.ts";
import { loadSite } from "./deploy/site.ts";
import { readStack, secretValue } from "./deploy/stack.ts";
import { loadTemplates } from "./deploy/templates.ts";
import { findEngine } from "./engine/binary.ts";
import { judgeEngine } from "./engine/judge.ts";
import { plan as planOf } from "./plan/plan.ts";
import { render } from "./render/render.ts";

// What the user says: all mistakes in it at once.
const stack = readStack();
const loaded = await loadSite(stack.site);
const stackFile = `Pulumi.${pulumi.getStack()}.yaml`;
await report(
  [...stack.findings, ...loaded.findings],
  stack.findings.length > 0 ? stackFile : loaded.file || stackFile,
);
const site = loaded.site!;
const environment = stack.environment!;

// What the hosts say of themselves.
const named = Object.entries(environment.hosts).filter(([name]) => site.hosts.includes(name));
const connections = Object.fromEntries(named.map(([name, host]) => [name, connectionOf(host)]));
const found = await discover({ ...connections, ...observerConnection(environment) });

// What follows from both.
const plan = planOf(site, environment, found.facts);
const plans = Object.values(plan.hosts);
await tell([...plan.derived, ...plans.flatMap((host) => host.derived)]);
await report(plan.findings, loaded.file);

const templates = loadTemplates(fileURLToPath(new URL("../templates", import.meta.url)));
const files = Object.fromEntries(plans.map((host) => [host.name, render(host, templates)]));
const secrets = collectSecrets(plans, secretValue);
const asking = observerSecrets(environment, secretValue);
await report([...secrets.findings, ...asking.findings], stackFile);

const engine = plans.some((host) => host.engine) ? await findEngine() : undefined;
if (engine) await report(await judgeEngine(engine, plans, files, found.facts), ""); // their places name a file

const vips = Object.values(plan.pairs).flatMap((pair) => pair.vips);
const { pairs } = rollOut({
  plan,
  files,
  connections,
  observer: observerOf(environment, found.facts, vips),
  observerSecrets: asking.values,
  engine,
  secrets: secrets.values,
  facts: found.facts,
  holding: found.holding,
  unreachable: Object.keys(found.unreachable),
});

/** Who holds the VIPs, by pair. */
export const holders = Object.fromEntries(Object.entries(pairs).map(([name, pair]) => [name, pair.holder]));
/**
 * Kept for a host that is not reached next time: what is known of it decides what the others must have. Nothing in it is
 * confidential; as a secret it only stays out of every summary.
 */
export const facts = pulumi.secret(
  Object.fromEntries(site.hosts.map((name) => [name, found.facts[name]]).filter(([, known]) => known)),
);
