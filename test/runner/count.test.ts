import { expect, test } from "vitest";
import { countCargo, countOne, countVitest } from "./count.ts";

const report = (more: object) =>
  JSON.stringify({
    ...{ numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] },
    ...more,
  });

const cargoOutput = `
     Running unittests src/lib.rs (target/debug/deps/understudy_core-1f1a4c6cf8d5a4c1)

running 2 tests
test time::tests::arithmetic_saturates ... ok
test vrrp::tests::backup_ignores_lower_priority_when_preempting ... FAILED

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

     Running unittests src/main.rs (target/debug/deps/understudy-0c3cf0e4b9f1c2aa)

running 3 tests
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
`;

test("cargo's results are added up over all its test programs", () => {
  expect(countCargo(cargoOutput, 101)).toEqual({ passed: 3, failed: 1, skipped: 1 });
});

test("cargo that doesn't get to testing has failed", () => {
  expect(countCargo("error: could not compile `understudy`", 101)).toEqual({
    passed: 0,
    failed: 1,
    skipped: 0,
  });
});

test("a test program that is killed after others were fine has failed", () => {
  const output =
    "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\nrunning 4 tests\n";
  expect(countCargo(output, 101)).toEqual({ passed: 2, failed: 1, skipped: 0 });
});

test("vitest's report is taken over, tests to be written as skipped", () => {
  const text = report({ numPassedTests: 7, numPendingTests: 2, numTodoTests: 1 });
  expect(countVitest(text, 0)).toEqual({ passed: 7, failed: 0, skipped: 3 });
});

test("a test file that can't be loaded counts as a failed test", () => {
  const files = [
    { status: "failed", assertionResults: [] },
    { status: "failed", assertionResults: [{ status: "passed" }, { status: "failed" }] },
    { status: "passed", assertionResults: [{ status: "passed" }] },
  ];
  const text = report({ numPassedTests: 2, numFailedTests: 1, testResults: files });
  expect(countVitest(text, 1)).toEqual({ passed: 2, failed: 2, skipped: 0 });
});

test.each([undefined, "", '{"numPassedTests": 3'])("vitest that dies leaving %j has failed", (text) => {
  expect(countVitest(text, 134)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("a suite that runs nothing is no success", () => {
  expect(countVitest(report({}), 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("a bad end without a failed test, as from an unhandled error, counts as one", () => {
  expect(countVitest(report({ numPassedTests: 5 }), 1)).toEqual({ passed: 5, failed: 1, skipped: 0 });
});

test("a linter is one test", () => {
  expect([countOne(0), countOne(2)]).toMatchObject([{ passed: 1 }, { failed: 1 }]);
});
