/**
 * `npm test`: all suites. `npm test -- unit engine`: these. `npm test -- unit vrids`, `npm run e2e -- s5`: test files
 * whose path has that word. Every suite runs, whatever became of the ones before.
 */
import { filtered, type Result, suites } from "./runner/suites.ts";
import { exitCode, type Row, table, total } from "./runner/summary.ts";

const words = process.argv.slice(2);
const named = words.filter((word) => word in suites);
const filters = words.filter((word) => !(word in suites));
const known = filters.length > 0 ? filtered : Object.keys(suites);
const chosen = named.length > 0 ? Object.keys(suites).filter((name) => named.includes(name)) : known;

const say = (text: string) => process.stdout.write(`${text}\n`);

async function run(name: string): Promise<Row> {
  say(`\n== ${name}`);
  const start = performance.now();
  const failed = (error: unknown): Result => {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return { passed: 0, failed: 1, skipped: 0 };
  };
  const result = (await suites[name]?.(filters).catch(failed)) ?? failed(`no suite is called ${name}`);
  return { suite: name, ...result, seconds: (performance.now() - start) / 1000 };
}

const rows: Row[] = [];
for (const name of chosen) rows.push(await run(name));
say(`\n${table(rows)}`);
process.exitCode = exitCode(rows);
if (process.exitCode !== 0 && rows.every((row) => row.failed === 0)) say("Nothing was run.");
say(total(rows));
