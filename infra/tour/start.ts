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
import { stderrScreen } from "../machine/progress.ts";
import type { Report } from "./report.ts";
import { scenarios } from "./scenarios/index.ts";
import { labSecrets } from "./secrets.ts";
import { runSteps } from "./steps.ts";
import { tourSteps } from "./tour.ts";

const usage = `npm start [-- SCENARIO] [--report FILE]
  SCENARIO  ${Object.keys(scenarios).join(", ")}; default s5
  --report  the same as JSON`;

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { report: { type: "string" }, help: { type: "boolean", short: "h" } },
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
  report.steps = await runSteps(tourSteps({ lab, scenario, secrets, report }), stderrScreen());
  if (values.report) writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
  const ok = report.steps.every((step) => step.ok);
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

function say(text: string, code: number): number {
  process.stderr.write(`${text}\n`);
  return code;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = say(`npm start: ${error instanceof Error ? error.message : String(error)}\n${usage}`, 2);
}
