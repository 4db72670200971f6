/** The same host twice, by name or by address. */
import { finding, type Rule } from "./rule.ts";

const error = finding("duplicate-host", "error");

export const duplicateHost: Rule = ({ site, environment, pairs }) => {
  const found = repeated(site.hosts).map(({ name, index }) =>
    error(`hosts[${index}]`, `\`${name}\` is here a second time.`, "expected: each host once"),
  );
  for (const { name: pair, model } of pairs) {
    for (const { name, index } of repeated(model.members)) {
      found.push(
        error(`pairs.${pair}.members[${index}]`, `\`${name}\` is here a second time.`, "expected: each once"),
      );
    }
  }
  const byAddress = new Map<string, string>();
  for (const host of new Set(site.hosts)) {
    const known = environment.hosts[host];
    if (known === undefined) continue;
    const address = `${known.address} port ${known.port}`;
    const other = byAddress.get(address);
    if (other !== undefined) {
      const message = `${other} and ${host} have the same address, ${address}.`;
      found.push(
        error(`hosts.${host}.address`, message, "expected: an address of its own, in Pulumi.<stack>.yaml"),
      );
    }
    byAddress.set(address, host);
  }
  return found;
};

function repeated(names: readonly string[]): { name: string; index: number }[] {
  return names
    .map((name, index) => ({ name, index }))
    .filter(({ name, index }) => names.indexOf(name) < index);
}
