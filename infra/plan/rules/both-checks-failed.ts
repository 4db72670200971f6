/** What happens when the same check fails everywhere: worth knowing, not wrong. */
import { ranksOf, reached, weightOf } from "./gaps.ts";
import { finding, type Rule } from "./rule.ts";

const note = finding("both-checks-failed", "note");

export const bothChecksFailed: Rule = ({ pairs }) =>
  pairs.flatMap((pair) => {
    const ranks = ranksOf(pair);
    if (ranks === undefined) return [];
    const { holder, standby, holderPriority, standbyPriority } = ranks;
    return Object.entries(pair.model.track).map(([name, track]) => {
      const weight = weightOf(track);
      const [own, other] = [holderPriority, standbyPriority].map((priority) =>
        reached(priority, weight, false),
      );
      const message =
        weight === 0
          ? `when ${name} fails on ${holder} and ${standby}, nobody holds the VIP.`
          : `when ${name} fails on both, ${holder} keeps the VIP: ${own} against ${other}.`;
      return note(`pairs.${pair.name}.track.${name}`, message);
    });
  });
