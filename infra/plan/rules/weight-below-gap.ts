/** A check whose failure moves nothing, since its weight is smaller than the distance between the priorities. */
import { ranksOf, reached, sum, weightOf } from "./gaps.ts";
import { finding, type Rule } from "./rule.ts";

const error = finding("weight-below-gap", "error");
const warning = finding("weight-below-gap", "warning");

export const weightBelowGap: Rule = ({ pairs }) =>
  pairs.flatMap((pair) => {
    const ranks = ranksOf(pair);
    if (ranks === undefined) return [];
    const { holder, standby, holderPriority, standbyPriority } = ranks;
    const needed = holderPriority - standbyPriority + 1;
    const weights = Object.values(pair.model.track).map(weightOf);
    const together = weights.reduce((total, weight) => total + Math.abs(weight), 0);
    return Object.entries(pair.model.track).flatMap(([name, track]) => {
      const weight = weightOf(track);
      if (weight === 0 || moves(holderPriority, standbyPriority, weight)) return [];
      const message =
        `weight ${weight} cannot move the VIP: when ${name} fails on ${holder}, ${holder} keeps ` +
        `${sum(holderPriority, weight, false)} against ${standby}'s ${sum(standbyPriority, weight, true)}.`;
      const ways =
        weight > 0
          ? `at least ${needed}, or a negative weight of -${needed} or lower`
          : `-${needed} or lower, or a positive weight of at least ${needed}`;
      const remedy = `expected: ${ways}, or no weight (a failure then means FAULT)`;
      const place = `pairs.${pair.name}.track.${name}.weight`;
      if (together < needed || weights.length === 1) return [error(place, message, remedy)];
      return [warning(place, `${message} Only together with other checks it can.`, remedy)];
    });
  });

/** After the failure on the holder alone, the standby must be strictly ahead. */
function moves(holderPriority: number, standbyPriority: number, weight: number): boolean {
  return reached(holderPriority, weight, false) < reached(standbyPriority, weight, true);
}
