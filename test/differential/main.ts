/**
 * `npm run differential -- [--json] [--lab] [--engine PROGRAM] [--jobs N] [FILE.conf ...]`: gives each file to keepalived and to
 * Understudy on equal hosts, and compares them at named moments. Without files: those of `test/differential/conf`.
 * Exit codes: 0 the same, or different as `engine/QUIRKS.md` says; 1 different; 2 not run.
 */
import { globSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compareFile, type Means, type Report } from "./file.ts";
import { here, inLab } from "./place.ts";
import { isGood, text } from "./report.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    lab: { type: "boolean", default: false },
    logs: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    against: { type: "string", default: "understudy" },
    jobs: { type: "string", default: "6" },
    patience: { type: "string", default: "6" },
  },
});

async function main(): Promise<number> {
  const files = positionals.length > 0 ? positionals.filter(isTested) : confFiles();
  const place = values.lab ? await inLab((line) => say(line)) : await here();
  if (typeof place === "string") {
    say(place);
    return 2;
  }
  const means: Means = {
    ...place,
    // The program against itself shows what the runner alone makes of a file.
    ...(values.against === "keepalived" ? { understudy: place.keepalived } : {}),
    patienceMs: Number(values.patience) * 1000,
    ...(values.verbose ? { say } : {}),
  };
  const reports: Report[] = [];
  let failed = false;
  const waiting = [...files];
  const work = async () => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      try {
        const report = await compareFile(path, means);
        reports.push(report);
        if (!values.json) console.log(text(report));
        if (values.logs)
          for (const [name, log] of Object.entries(report.logs ?? {})) say(`--- ${name}\n${log}`);
      } catch (error) {
        failed = true;
        say(`${path}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  await place.close();
  if (values.json) console.log(JSON.stringify(reports, undefined, 2));
  else
    console.log(
      `${reports.filter(isGood).length} of ${files.length} files: the same, or different as QUIRKS.md says`,
    );
  return failed ? 2 : reports.every(isGood) ? 0 : 1;
}

const say = (line: string) => process.stderr.write(`${line}\n`);

/** Not what another one is reloaded with. */
const isTested = (path: string) => !path.endsWith(".reload.conf");

function confFiles(): string[] {
  return globSync(join(import.meta.dirname, "conf/*.conf"))
    .filter(isTested)
    .sort();
}

process.exitCode = await main();
