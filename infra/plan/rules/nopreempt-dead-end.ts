/** Without preemption a better member never takes over, not even from one whose check has failed. */
import { ranksOf, reached, sum, weightOf } from "./gaps.ts";
import { finding, type Rule } from "./rule.ts";

const warning = finding("nopreempt-dead-end", "warning");

export const nopreemptDeadEnd: Rule = ({ pairs }) =>
  pairs.flatMap((pair) => {
    const ranks = ranksOf(pair);
    if (ranks === undefined || pair.model.preempt) return [];
    const { holder, standby, standbyPriority, holderPriority } = ranks;
    return Object.entries(pair.model.track)
      .filter(([, track]) => weightOf(track) !== 0)
      .map(([name, track]) => {
        const weight = weightOf(track);
        const message =
          `after a takeover, ${standby} keeps the VIP with a failed ${name}: it goes on at ` +
          `${sum(standbyPriority, weight, false)}, and ${holder} at ${reached(holderPriority, weight, true)} ` +
          "does not preempt.";
        const remedy = "expected: no weight (a failure then means FAULT, and the VIP moves)";
        return warning(`pairs.${pair.name}.track.${name}.weight`, message, remedy);
      });
  });
