/**
 * `npm run fuzz`: a minute for each target. `npm run fuzz -- config 600`: ten minutes for this one. `npm run fuzz -- keep`:
 * what the runs have found becomes part of the corpus in the checkout. `npm run fuzz -- config FILE`: this input only.
 */
import { existsSync, mkdirSync } from "node:fs";
import { cachePath } from "../../infra/machine/cache.ts";
import { runInForeground } from "../../infra/machine/run.ts";
import { build, corpus, fuzz, fuzzUnavailable, keep, type Target, targets } from "./targets.ts";

const say = (text: string) => process.stdout.write(`${text}\n`);

/** libFuzzer says several lines a second; these tell the rest. */
const worthSaying = /^stat::number_of|ERROR|panicked|SUMMARY|Test unit written|^#\d+\s+(INITED|pulse|DONE)/;

async function main(words: string[]): Promise<number> {
  const reason = fuzzUnavailable();
  if (reason !== undefined) {
    say(reason);
    return 1;
  }
  const named = targets.filter(({ name }) => words.includes(name));
  const chosen = named.length > 0 ? named : targets;
  const rest = words.filter((word) => !targets.some(({ name }) => name === word));
  const [word] = rest;
  say("builds the fuzzers (two minutes at first)");
  const programs = await build((line) => say(`  ${line}`));
  if (word === "keep") {
    for (const target of chosen) await keep(programs, target, () => {});
    say(`kept in ${chosen.map(corpus).join(", ")}`);
    return 0;
  }
  if (word !== undefined && !/^\d+$/.test(word)) {
    const known = targets.map(({ name }) => name).join(", ");
    if (named.length === 1 && existsSync(word))
      return runInForeground([`${programs}/${named[0]?.name}`, word]);
    say(`usage: npm run fuzz -- [TARGET...] [SECONDS | keep | FILE]; targets: ${known}`);
    return 1;
  }
  let failed = 0;
  for (const target of chosen) if (!(await once(programs, target, Number(word ?? 60)))) failed++;
  say(failed === 0 ? "nothing broke" : `${failed} of ${chosen.length} targets broke`);
  return failed === 0 ? 0 : 1;
}

async function once(programs: string, target: Target, seconds: number): Promise<boolean> {
  const broken = cachePath("fuzz", "broken", target.name);
  mkdirSync(broken, { recursive: true });
  say(`${target.name}: ${seconds} s`);
  const { code } = await fuzz(programs, target, { seconds }, broken, (line) => {
    if (worthSaying.test(line)) say(`  ${line}`);
  });
  if (code !== 0) say(`  the input lies in ${broken}; again: npm run fuzz -- ${target.name} FILE`);
  return code === 0;
}

process.exitCode = await main(process.argv.slice(2));
