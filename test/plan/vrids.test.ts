import fc from "fast-check";
import { expect, test } from "vitest";
import { allocateVrids, type VridWish } from "../../infra/plan/vrids.ts";

test("the lowest free one from 51 on, per segment", () => {
  const given = allocateVrids(
    [
      { pair: "a", segment: "10.0.0.0/24" },
      { pair: "b", segment: "10.0.0.0/24", wanted: 51 },
      { pair: "c", segment: "10.0.0.0/24" },
      { pair: "d", segment: "10.1.0.0/24" },
    ],
    [52],
  );
  expect(Object.fromEntries(given)).toEqual({ a: 53, b: 51, c: 54, d: 51 });
});

test("unique on a segment, in range, and never a reserved one", () => {
  const wish = fc.record({ segment: fc.constantFrom("a", "b", "c") });
  const reserved = fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { maxLength: 100 });
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 150 }), reserved, (segments, taken) => {
      const wishes: VridWish[] = segments.map(({ segment }, index) => ({ pair: `p${index}`, segment }));
      const given = allocateVrids(wishes, taken);
      expect(given.size).toBe(wishes.length);
      const seen = wishes.map(({ pair, segment }) => `${segment} ${given.get(pair)}`);
      expect(new Set(seen).size).toBe(seen.length);
      for (const vrid of given.values()) {
        expect(vrid).toBeGreaterThanOrEqual(1);
        expect(vrid).toBeLessThanOrEqual(255);
        expect(taken).not.toContain(vrid);
      }
    }),
  );
});

test("a full segment gives none out rather than one twice", () => {
  const wishes = Array.from({ length: 256 }, (_, index) => ({ pair: `p${index}`, segment: "a" }));
  expect(allocateVrids(wishes, []).size).toBe(255);
});
