/** Members with one priority: who holds the VIPs is then decided by the higher address, or by who was there first. */
import { listOf } from "../../model/suggest.ts";
import { finding, type Rule } from "./rule.ts";

const error = finding("equal-priorities", "error");
const warning = finding("equal-priorities", "warning");

export const equalPriorities: Rule = ({ pairs }) =>
  pairs.flatMap(({ name, model, members, priorities }) => {
    const byValue = Map.groupBy(members, (member) => priorities.get(member) ?? 0);
    return [...byValue]
      .filter(([, equals]) => equals.length > 1)
      .map(([value, equals]) => {
        const message = `${listOf(equals, "and")} all have priority ${value}: none of them is preferred.`;
        const say = model.preempt ? error : warning;
        return say(
          `pairs.${name}.priorities`,
          message,
          "expected: different ones, or none: 100, 90, ... are given",
        );
      });
  });
