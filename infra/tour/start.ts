/**
 * `npm start [-- SCENARIO] [--report FILE]`: everything, from a fresh clone to a failover.
 *
 * Exit code 0 only if every step held; 1 if one did not; 2 for arguments that it does not know.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openLab } from "../lab/lab.ts";
import { labUnavailable } from "../lab/requirements.ts";
import { root } from "../machine/checkout.ts";
import { formatSeconds, stderrScreen } from "../machine/progress.ts";
import { drawSteps } from "./picture.ts";
import { stepLine } from "./progress.ts";
import type { Report } from "./report.ts";
import { scenarios } from "./scenarios/index.ts";
import { labSecrets } from "./secrets.ts";
import { runSteps, type StepResult } from "./steps.ts";
import { tourSteps } from "./tour.ts";

const usage = `npm start [-- SCENARIO] [--report FILE] [--picture FILE]
  SCENARIO   ${Object.keys(scenarios).join(", ")}; default s5
  --report   the same as JSON
  --picture  the same as SVG`;

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      report: { type: "string" },
      picture: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return say(usage, 0);
  const id = (positionals[0] ?? "s5").toLowerCase();
  const scenario = scenarios[id];
  if (!scenario) return say(`there is no scenario ${id}\n${usage}`, 2);
  const why = labUnavailable();
  if (why) return say(`${why}.\nOn real hosts: see "On your own hosts" in README.md.`, 1);

  const report: Report = { steps: [], gap_ms: null, bound_ms: null, balance: {} };
  const lab = openLab();
  const secrets = labSecrets(root, scenario.stack, scenario.secrets);
  const steps = tourSteps({ lab, scenario, secrets, report });
  const screen = stderrScreen();
  report.steps = await runSteps(steps, screen);
  const ok = report.steps.length === steps.length && report.steps.every((step) => step.ok);
  // On a terminal the steps' lines stand together already.
  if (!screen.isTTY) say(`\n${summary(report.steps)}`, 0);
  const held = heldLine(report.steps, steps.length);
  say(held, 0);
  if (values.report) writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
  const command = id === "s5" ? "npm start" : `npm start -- ${id}`;
  if (values.picture) writeFileSync(values.picture, drawSteps(command, report.steps, held));
  const stack = scenario.stack === "lab" ? "" : ` --stack ${scenario.stack}`;
  const next = [
    `npm run lab -- ssh ${scenario.master} understudy status`,
    `npm run -s pulumi -- preview${stack}`,
    ...Object.keys(scenarios)
      .filter((other) => other !== id)
      .map((other) => `npm start -- ${other}`),
    "npm run lab -- down",
  ];
  return say(
    ok ? `The lab is up. Try:  ${next.join("  ·  ")}` : "The lab is left as it is: npm run lab -- status",
    ok ? 0 : 1,
  );
}

const summary = (steps: readonly StepResult[]): string =>
  steps
    .map((step) => stepLine(step.ok, step.name, step.detail.split("\n")[0] ?? "", step.seconds))
    .join("\n");

function heldLine(steps: readonly StepResult[], planned: number): string {
  const held = steps.filter((step) => step.ok).length;
  const seconds = steps.reduce((all, step) => all + step.seconds, 0);
  return `${held} of ${planned} steps held, ${formatSeconds(seconds)}`;
}

function say(text: string, code: number): number {
  process.stderr.write(`${text}\n`);
  return code;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = say(`npm start: ${error instanceof Error ? error.message : String(error)}\n${usage}`, 2);
}
