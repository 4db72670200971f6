import fc from "fast-check";
import { expect, test } from "vitest";
import { didYouMean, distance, nearest } from "../../infra/model/suggest.ts";

test.each([
  ["virtual_routr_id", "virtual_router_id", 1],
  ["wieght", "weight", 1],
  ["db1", "db1", 0],
  ["", "abc", 3],
])("from %s to %s it is %d edits", (a, b, edits) => expect(distance(a, b)).toBe(edits));

test("a distance is the same both ways, and 0 only for the same word", () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(fc.property(word, word, (a, b) => distance(a, b) === distance(b, a)));
  fc.assert(fc.property(word, word, (a, b) => (distance(a, b) === 0) === (a === b)));
});

test("what is far from everything is answered with all there is", () => {
  expect(nearest("xyz", ["alpha", "beta"])).toBeUndefined();
  expect(didYouMean("xyz", ["alpha", "beta", "gamma"])).toBe("expected: `alpha`, `beta` or `gamma`");
});
