/**
 * `npm test`: all suites. `npm test -- unit engine`: these. `npm test -- unit vrids`, `npm run e2e -- s5`: test files
 * whose path has that word. The last line is `N passed, N failed`.
 */
import { choose, runSuites } from "./runner/run-suites.ts";
import { filtered, suites } from "./runner/suites.ts";
import { exitCode, table, total } from "./runner/summary.ts";

const say = (text: string) => process.stdout.write(`${text}\n`);

const choice = choose(process.argv.slice(2), Object.keys(suites), filtered);
const rows = await runSuites(choice, suites, say);
say(`\n${table(rows)}`);
process.exitCode = exitCode(rows);
if (process.exitCode !== 0 && rows.every((row) => row.failed === 0)) say("nothing has run");
say(total(rows));
