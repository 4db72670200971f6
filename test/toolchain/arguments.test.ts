import { expect, test } from "vitest";
import { inSettingsFolder, namedStack, needsStack, withConfigFile } from "../../infra/toolchain/arguments.ts";

const words = (line: string) => line.split(" ");

test.each([
  ["up --stack lab --yes", "lab"],
  ["-s prod preview", "prod"],
  ["preview --stack=prod", "prod"],
  ["stack select lab", "lab"],
  ["stack init lab --no-select", "lab"],
  ["stack ls", undefined],
  ["config set key value", undefined],
  ["up -- --stack lab", undefined],
])("the stack of `%s` is %s", (line, stack) => {
  expect(namedStack(words(line))).toBe(stack);
});

test.each([
  ["up --yes", true],
  ["config get key", true],
  ["stack output", true],
  ["stack select lab", true],
  ["stack", true],
  ["stack ls", false],
  ["stack init lab", false],
  ["stack rm lab", false],
  ["up --help", false],
  ["version", false],
])("`%s` needs a stack: %s", (line, needed) => {
  expect(needsStack(words(line))).toBe(needed);
});

test.each([
  ["up --yes", "up --config-file F --yes"],
  ["config set --secret key", "config --config-file F set --secret key"],
  ["up --config-file mine", "up --config-file mine"],
  ["up --config-file=mine", "up --config-file=mine"],
  ["cancel --yes", "cancel --yes"],
])("`%s` becomes `%s`", (line, wanted) => {
  expect(withConfigFile(words(line), "F")).toEqual(words(wanted));
});

test("the commands that write the settings without saying where run beside them", () => {
  expect(
    ["stack init lab", "stack rm --yes lab", "stack ls", "up"].map((line) => inSettingsFolder(words(line))),
  ).toEqual([true, true, false, false]);
});
