/** Two virtual routers with one number on a segment take each other for peers. */
import { finding, type Rule } from "./rule.ts";

const error = finding("vrid-clash", "error");

export const vridClash: Rule = ({ pairs, environment }) =>
  pairs.flatMap((pair, index) => {
    const place = `pairs.${pair.name}.vrid`;
    if (pair.vrid === undefined) {
      return [
        error(
          place,
          `no VRID is free on segment ${pair.segment}: all 255 are taken.`,
          "expected: another segment",
        ),
      ];
    }
    if (environment.reserved.vrids.includes(pair.vrid)) {
      const message = `VRID ${pair.vrid} is reserved by the stack: somebody else uses it on the segment.`;
      return [error(place, message, "expected: another one, or none: the lowest free one is taken then")];
    }
    const other = pairs
      .slice(0, index)
      .find(({ vrid, segment }) => vrid === pair.vrid && segment === pair.segment);
    if (other === undefined) return [];
    const message = `VRID ${pair.vrid} is that of ${other.name} already, on the same segment ${pair.segment}.`;
    return [error(place, message, "expected: another one, or none: the lowest free one is taken then")];
  });
