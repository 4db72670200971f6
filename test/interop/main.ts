/**
 * `npm run interop -- [--lab] [WORD ...]`: Understudy and keepalived as each other's peers, in namespaces of this machine, or of a
 * host of the lab with its newer keepalived. WORDs choose rows. Exit codes: 0 all hold, 1 some do not, 2 not run.
 */
import { parseArgs } from "node:util";
import { here, inLab, type Place } from "../differential/place.ts";
import { cases } from "./cases.ts";
import { leaving, roles, throughItsLife } from "./lives.ts";

const say = (line: string) => process.stderr.write(`${line}\n`);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { lab: { type: "boolean", default: false }, jobs: { type: "string" } },
});

interface Row {
  readonly name: string;
  readonly run: (place: Place) => Promise<void>;
}

const rows: Row[] = roles.flatMap(([better, worse]) => [
  ...cases
    .filter(({ lab }) => !lab || values.lab)
    .map((one) => ({
      name: `${one.name}: ${better} is better`,
      run: (place: Place) => throughItsLife(place, one, better, worse),
    })),
  { name: `priority 0 of ${better} is heard`, run: (place: Place) => leaving(place, better, worse) },
]);

async function main(): Promise<number> {
  const place = values.lab ? await inLab(say) : await here();
  if (typeof place === "string") {
    say(place);
    return 2;
  }
  const chosen = rows.filter(({ name }) => positionals.every((word) => name.includes(word)));
  let failed = 0;
  const waiting = [...chosen];
  const work = async () => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      try {
        await row.run(place);
        console.log(`holds   ${row.name}`);
      } catch (error) {
        failed++;
        console.log(`FAILS   ${row.name}\n${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  const jobs = Number(values.jobs ?? (values.lab ? 3 : 10));
  await Promise.all(Array.from({ length: jobs }, work));
  await place.close();
  console.log(`${chosen.length - failed} of ${chosen.length} rows hold`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
