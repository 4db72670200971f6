/** Priorities that weights would carry past 1 or 254, where they stop and the arithmetic no longer holds. */
import { weightOf } from "./gaps.ts";
import { finding, type Rule } from "./rule.ts";

const warning = finding("weights-out-of-range", "warning");

export const weightsOutOfRange: Rule = ({ pairs }) =>
  pairs.flatMap(({ name, model, members, priorities }) => {
    const weights = Object.values(model.track).map(weightOf);
    const up = weights.filter((weight) => weight > 0).reduce((total, weight) => total + weight, 0);
    const down = weights.filter((weight) => weight < 0).reduce((total, weight) => total + weight, 0);
    return members.flatMap((member) => {
      const priority = priorities.get(member) ?? 0;
      const [top, bottom] = [priority + up, priority + down];
      if (top <= 254 && bottom >= 1) return [];
      const reach = top > 254 ? `${priority} + ${up} = ${top}` : `${priority} - ${-down} = ${bottom}`;
      const message = `${member}'s priority would reach ${reach}; the engine stops at ${top > 254 ? 254 : 1}.`;
      return [
        warning(`pairs.${name}.priorities`, message, "expected: priorities and weights within 1 to 254"),
      ];
    });
  });
