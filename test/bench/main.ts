/**
 * `npm run bench`: Understudy beside keepalived, the same configuration files, one run. Prints what it measured, what was
 * aimed at, and where we lose; decides nothing. `npm run bench -- cpu reload`: these parts. `--rounds N`, `--json`.
 * UNDERSTUDY_ENGINE: another engine than that of this checkout, but for the lab.
 */
import { lab } from "./lab/part.ts";
import { ourProgram } from "./net/engine.ts";
import type { Part } from "./part.ts";
import { announce } from "./parts/announce.ts";
import { cpu, memory } from "./parts/footprint.ts";
import { gaps } from "./parts/gaps.ts";
import { lateness } from "./parts/lateness.ts";
import { reload } from "./parts/reload.ts";
import { Report } from "./report.ts";

const parts: readonly Part[] = [cpu, memory, lateness, gaps, announce, reload, lab];
const say = (text: string) => process.stderr.write(`${text}\n`);

async function main(words: string[]): Promise<number> {
  const rest = words.filter((word) => word !== "--json");
  const at = rest.indexOf("--rounds");
  const rounds = at < 0 ? 5 : Number(rest.splice(at, 2)[1]);
  const unknown = rest.find((word) => !parts.some(({ name }) => name === word));
  if (unknown !== undefined || !Number.isInteger(rounds) || rounds < 1) {
    say("usage: npm run bench -- [PART...] [--rounds N] [--json]");
    for (const { name, title } of parts) say(`  ${name.padEnd(10)} ${title}`);
    return 64;
  }
  await ourProgram();
  const report = new Report();
  let failed = 0;
  for (const part of rest.length > 0 ? parts.filter(({ name }) => rest.includes(name)) : parts) {
    const reason = part.unavailable();
    try {
      if (reason === undefined) await part.run(report.work(part.name, rounds, say));
      else say(`${part.name}: left out: ${reason}`);
    } catch (error) {
      failed++;
      say(`${part.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  console.log(words.includes("--json") ? report.json() : report.text());
  return failed === 0 && report.figures.length > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
