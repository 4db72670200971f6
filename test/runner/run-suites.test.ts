import { expect, test } from "vitest";
import { choose, runSuites } from "./run-suites.ts";

const all = ["lint", "unit", "e2e"];

test.each([
  [[], { suites: all, filters: [] }],
  [["e2e", "lint"], { suites: ["lint", "e2e"], filters: [] }],
  [["unit", "vrids"], { suites: ["unit"], filters: ["vrids"] }],
  [["s5"], { suites: ["unit", "e2e"], filters: ["s5"] }],
])("%j chooses suites in their order", (words, choice) => {
  expect(choose(words, all, ["unit", "e2e"])).toEqual(choice);
});

test("a suite that crashes has failed, is explained, and doesn't keep the next from running", async () => {
  const said: string[] = [];
  const suites = {
    bad: async () => Promise.reject(new Error("no such compiler")),
    good: async () => ({ passed: 2, failed: 0, skipped: 0 }),
  };
  const rows = await runSuites({ suites: ["bad", "good"], filters: [] }, suites, (text) => said.push(text));
  expect(rows).toMatchObject([
    { suite: "bad", passed: 0, failed: 1 },
    { suite: "good", passed: 2, failed: 0 },
  ]);
  expect(said.join("\n")).toContain("no such compiler");
});

test("the filters reach the suite", async () => {
  let got: string[] = [];
  const unit = async (filters: string[]) => {
    got = filters;
    return { passed: 1, failed: 0, skipped: 0 };
  };
  await runSuites({ suites: ["unit"], filters: ["vrids"] }, { unit }, () => {});
  expect(got).toEqual(["vrids"]);
});
