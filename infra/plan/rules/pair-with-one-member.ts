/** A pair that nobody could take over from. */
import { finding, type Rule } from "./rule.ts";

const error = finding("pair-with-one-member", "error");

export const pairWithOneMember: Rule = ({ site }) =>
  Object.entries(site.pairs)
    .filter(([, { members }]) => new Set(members).size < 2)
    .map(([name, { members }]) => {
      const count = members.length === 0 ? "no member" : `one member, \`${members[0]}\``;
      const message = `a pair with ${count}: when it fails, nobody takes over.`;
      return error(`pairs.${name}.members`, message, "expected: two hosts or more, the preferred one first");
    });
