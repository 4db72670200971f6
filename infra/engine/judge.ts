/** What can be said of the engine before a host is touched: that it runs on each of them, and likes its configuration. */
import type { Finding } from "../model/finding.ts";
import type { HostPlan } from "../plan/host-plan.ts";
import { paths } from "../plan/paths.ts";
import type { HostFacts } from "../provider/facts/schema.ts";
import type { HostFile } from "../provider/host/schema.ts";
import { type Engine, fits } from "./binary.ts";
import { checkConfiguration } from "./check.ts";

export async function judgeEngine(
  engine: Engine,
  plans: readonly HostPlan[],
  files: Readonly<Record<string, Record<string, HostFile>>>,
  facts: Readonly<Record<string, HostFacts | undefined>>,
): Promise<Finding[]> {
  const findings = await Promise.all(
    plans
      .filter((plan) => plan.engine)
      .map(async ({ name }) => {
        const text = files[name]?.[paths.config]?.content;
        const refused = text ? await checkConfiguration(engine, name, paths.config, text) : [];
        return [...misfit(engine, name, facts[name]?.architecture), ...refused];
      }),
  );
  return findings.flat();
}

function misfit(engine: Engine, host: string, architecture: string | undefined): Finding[] {
  if (architecture === undefined || fits(engine, architecture)) return [];
  const message = `${host} is ${architecture}, and the engine is for ${engine.architecture}`;
  const remedy = `Build it on ${architecture} and name it: UNDERSTUDY_ENGINE=/path/to/understudy`;
  return [{ code: "engine-architecture", severity: "error", place: `hosts.${host}`, message, remedy }];
}
