/** Members that are not on one segment never hear each other, and all hold the VIP. */
import { seatIn } from "../draft.ts";
import { finding, type Rule } from "./rule.ts";

const error = finding("members-apart", "error");

export const membersApart: Rule = ({ pairs }) =>
  pairs.flatMap((pair) => {
    const seats = pair.members.flatMap((member) => {
      const seat = seatIn(pair, member);
      return seat === undefined ? [] : [{ member, ...seat }];
    });
    if (new Set(seats.map(({ segment }) => segment)).size < 2) return [];
    const where = seats
      .map(({ member, segment, interface: device }) => `${member} ${segment} (${device})`)
      .join(", ");
    const message = `the members are on different segments: ${where}.`;
    return [error(`pairs.${pair.name}.members`, message, "expected: hosts with an interface on one segment")];
  });
