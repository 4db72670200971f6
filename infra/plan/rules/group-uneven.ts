/** A group has one rank per host: pairs whose ranks differ pull it to and fro. */
import type { DraftPair } from "../draft.ts";
import { finding, type Rule } from "./rule.ts";

const error = finding("group-uneven", "error");

export const groupUneven: Rule = ({ site, pairs }) => {
  const owner = new Map<string, string>();
  return Object.entries(site.groups).flatMap(([group, named]) => {
    const found = [];
    for (const name of named) {
      const other = owner.get(name);
      if (other !== undefined) {
        found.push(
          error(
            `groups.${group}`,
            `\`${name}\` is in the group \`${other}\` already.`,
            "expected: one group",
          ),
        );
      }
      owner.set(name, group);
    }
    const [first, ...others] = pairs.filter(({ name }) => named.includes(name));
    for (const other of first === undefined ? [] : others) {
      for (const [what, of] of [
        ["ranks", ranks],
        ["weighted checks", weights],
      ] as const) {
        const [one, two] = [of(first!), of(other)];
        if (one === two) continue;
        const message = `${first!.name} and ${other.name} move together, and their ${what} differ: ${one} against ${two}.`;
        found.push(error(`groups.${group}`, message, `expected: the same ${what} in all pairs of the group`));
      }
    }
    return found;
  });
};

function ranks({ members, priorities }: DraftPair): string {
  return members.map((member) => `${member} ${priorities.get(member)}`).join(", ");
}

function weights({ model }: DraftPair): string {
  const weighted = Object.entries(model.track).filter(([, { weight }]) => weight !== undefined);
  return (
    weighted
      .map(([name, { weight }]) => `${name} ${weight}`)
      .sort()
      .join(", ") || "none"
  );
}
