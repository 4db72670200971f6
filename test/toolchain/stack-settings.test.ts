import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { expect, onTestFinished, test } from "vitest";
import { isLocalStack, mergeSettings, refreshCopy } from "../../infra/toolchain/stack-settings.ts";

test("what was set on the copy stays, the rest follows the committed file", () => {
  const basis = { config: { "u:site": "a", "u:hosts": { db1: "10.0.0.1" }, "u:old": 1 } };
  const mine = {
    encryptionsalt: "v1:abc",
    config: { "u:site": "b", "u:hosts": { db1: "10.0.0.1" }, "u:old": 1, "u:auth": { secure: "v1:x" } },
  };
  const theirs = { config: { "u:site": "a", "u:hosts": { db1: "10.0.0.2" }, "u:new": true } };
  expect(mergeSettings(basis, mine, theirs)).toEqual({
    encryptionsalt: "v1:abc",
    config: { "u:site": "b", "u:hosts": { db1: "10.0.0.2" }, "u:new": true, "u:auth": { secure: "v1:x" } },
  });
});

test("what was removed on the copy stays removed", () => {
  const all = { config: { a: 1, b: 2 } };
  expect(mergeSettings(all, { config: { a: 1 } }, all)).toEqual({ config: { a: 1 } });
});

test("the copy starts as the committed file, keeps the CLI's additions, and takes over changes", () => {
  const project = mkdtempSync(join(tmpdir(), "understudy-settings-"));
  onTestFinished(() => rmSync(project, { recursive: true }));
  const commit = (text: string) => writeFileSync(join(project, "Pulumi.lab.yaml"), text);
  writeFileSync(join(project, "Pulumi.yaml"), "name: small\n");

  commit("# why\nconfig:\n  u:site: a\n");
  const copy = refreshCopy(project, "lab");
  expect(readFileSync(copy, "utf8")).toBe("# why\nconfig:\n  u:site: a\n");

  const asTheCliLeavesIt = "# why\nconfig:\n  u:site: a\nencryptionsalt: v1:abc\n";
  writeFileSync(copy, asTheCliLeavesIt);
  refreshCopy(project, "lab");
  expect(readFileSync(copy, "utf8")).toBe(asTheCliLeavesIt);

  commit("config:\n  u:site: b\n");
  refreshCopy(project, "lab");
  expect(load(readFileSync(copy, "utf8"))).toEqual({ encryptionsalt: "v1:abc", config: { "u:site": "b" } });
});

test("only the lab's stacks have a copy", () => {
  expect(["lab", "lab-haproxy", "prod", "label"].map(isLocalStack)).toEqual([true, true, false, false]);
});
