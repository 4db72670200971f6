/** A script for `sh` with words that only bash knows: where `sh` is another shell, it always fails. */
import type { Script } from "../../model/track.ts";
import { finding, type Rule } from "./rule.ts";

const warning = finding("bash-in-sh", "warning");

export const bashInSh: Rule = ({ site }) => {
  const scripts: [string, Script][] = [];
  for (const [name, { track, notify }] of Object.entries(site.pairs)) {
    for (const [key, one] of Object.entries(track)) {
      if (one.kind === "script") scripts.push([`pairs.${name}.track.${key}`, one.script]);
    }
    for (const [index, one] of notify.entries()) {
      if (one.kind === "script") scripts.push([`pairs.${name}.notify[${index}]`, one.script]);
    }
  }
  for (const [name, { check }] of Object.entries(site.services)) {
    if (check.kind === "script") scripts.push([`services.${name}.check`, check.script]);
  }
  return scripts.flatMap(([place, script]) => {
    if (typeof script === "string" || !/^#!\s*\S*\bsh\b/.test(script.text) || /^#!.*bash/.test(script.text))
      return [];
    const word = /\[\[|<<<|\$\{\w+\/\/|\bfunction\s+\w+\s*\{/.exec(script.text)?.[0];
    if (word === undefined) return [];
    const message = `\`${word}\` is bash, and the script runs under sh: it fails wherever sh is another shell.`;
    return [warning(place, message, "expected: `#!/bin/bash` in its first line, or `[ ... ]`")];
  });
};
