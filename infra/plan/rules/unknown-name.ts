/** A name that nothing has: of a host, a pair, or a host without an address in the stack. */
import { didYouMean } from "../../model/suggest.ts";
import { isAddress } from "../network.ts";
import { finding, type Rule } from "./rule.ts";

const error = finding("unknown-name", "error");

export const unknownName: Rule = ({ site, environment }) => {
  const found = [];
  const known = Object.keys(environment.hosts);
  for (const [index, host] of site.hosts.entries()) {
    if (host in environment.hosts) continue;
    const remedy = didYouMean(host, known) || "expected: its address under `understudy:hosts` of the stack";
    found.push(
      error(`hosts[${index}]`, `\`${host}\` has no address in the stack's \`understudy:hosts\`.`, remedy),
    );
  }
  for (const [pair, { members, priorities }] of Object.entries(site.pairs)) {
    const named = [
      ...members.map((host, index) => [host, `members[${index}]`] as const),
      ...Object.keys(priorities).map((host) => [host, `priorities.${host}`] as const),
    ];
    for (const [host, place] of named) {
      if (site.hosts.includes(host)) continue;
      found.push(
        error(`pairs.${pair}.${place}`, `\`${host}\` is no host of the site.`, didYouMean(host, site.hosts)),
      );
    }
  }
  for (const [service, { on, servers }] of Object.entries(site.services)) {
    if (!(on in site.pairs)) {
      const remedy = didYouMean(on, Object.keys(site.pairs));
      found.push(error(`services.${service}.on`, `\`${on}\` is no pair of the site.`, remedy));
    }
    for (const [index, { server }] of servers.entries()) {
      if (site.hosts.includes(server) || isAddress(server)) continue;
      const message = `\`${server}\` is neither a host of the site nor an address.`;
      found.push(error(`services.${service}.servers[${index}]`, message, didYouMean(server, site.hosts)));
    }
  }
  for (const [group, named] of Object.entries(site.groups)) {
    for (const [index, pair] of named.entries()) {
      if (pair in site.pairs) continue;
      const remedy = didYouMean(pair, Object.keys(site.pairs));
      found.push(error(`groups.${group}[${index}]`, `\`${pair}\` is no pair of the site.`, remedy));
    }
  }
  const { observer } = environment;
  if (typeof observer === "string" && !(observer in environment.hosts)) {
    found.push(
      error("observer", `\`${observer}\` is none of \`understudy:hosts\`.`, didYouMean(observer, known)),
    );
  }
  return found;
};
