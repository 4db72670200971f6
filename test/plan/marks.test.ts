import fc from "fast-check";
import { expect, test } from "vitest";
import { markRule } from "../../infra/plan/mark-rules.ts";
import { allocateMarks } from "../../infra/plan/marks.ts";

test("the lowest free mark; typed and reserved ones are taken first", () => {
  const given = allocateMarks([{ service: "a" }, { service: "b", wanted: 1 }, { service: "c" }], [2]);
  expect(Object.fromEntries(given)).toEqual({ a: 3, b: 1, c: 4 });
});

test("no two services share a derived mark", () => {
  const typed = fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined });
  fc.assert(
    fc.property(fc.array(typed, { maxLength: 30 }), (wanted) => {
      const given = allocateMarks(
        wanted.map((mark, index) => ({ service: `s${index}`, wanted: mark })),
        [],
      );
      const derived = wanted.flatMap((mark, index) => (mark === undefined ? [given.get(`s${index}`)] : []));
      expect(new Set([...derived, ...wanted.filter((mark) => mark !== undefined)]).size).toBe(
        derived.length + new Set(wanted.filter((mark) => mark !== undefined)).size,
      );
    }),
  );
});

test("the MACs of all other directors are excepted, in a fixed order", () => {
  const seat = (mac: string) => ({ interface: "eth0", address: "10.0.0.1", mac, segment: "10.0.0.0/24" });
  const service = { address: "10.0.0.9", protocol: "tcp" as const, port: 3306, mark: 7 };
  const rule = markRule(service, seat("02:00:00:00:00:01"), [
    seat("02:00:00:00:00:03"),
    seat("02:00:00:00:00:02"),
  ]);
  expect(rule).toMatchObject({ mark: 7, exceptMacs: ["02:00:00:00:00:02", "02:00:00:00:00:03"] });
});
