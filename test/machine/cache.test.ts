import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { keyOf, keyOfTree, writeWhole } from "../../infra/machine/cache.ts";
import { isSource } from "../../infra/toolchain/engine.ts";

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "understudy-cache-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

test("a key tells where one part ends and the next begins", () => {
  expect(keyOf(["ab", "c"])).not.toBe(keyOf(["a", "bc"]));
  expect(keyOf(["ab", "c"])).toMatch(/^[0-9a-f]{16}$/);
});

test("the engine's key follows its sources, not its output, tests or times", () => {
  const dir = folder();
  const write = (path: string, text: string) => {
    mkdirSync(join(dir, path, ".."), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  const key = () => keyOfTree(dir, isSource, ["rustc 1"]);
  write("core/src/lib.rs", "a");
  write("core/src/target/mod.rs", "a"); // a module may have the name of cargo's folder
  const first = key();

  write("target/debug/x", "b");
  write("core/tests/simulation.rs", "b");
  write("fuzz/advert.rs", "b");
  utimesSync(join(dir, "core/src/lib.rs"), 1, 1);
  expect(key()).toBe(first);

  write("core/src/target/mod.rs", "b");
  const second = key();
  expect(second).not.toBe(first);
  expect(keyOfTree(dir, isSource, ["rustc 2"])).not.toBe(second);
});

test("a file is written with its mode, and not touched when it has the content", () => {
  const path = join(folder(), "a/b");
  writeWhole(path, "x", 0o755);
  expect(statSync(path).mode & 0o777).toBe(0o755);
  utimesSync(path, 1, 1);
  writeWhole(path, "x", 0o755);
  expect(statSync(path).mtimeMs).toBe(1000);
  writeWhole(path, "y", 0o755);
  expect(readFileSync(path, "utf8")).toBe("y");
});
