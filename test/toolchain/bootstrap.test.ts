/** The start of every npm script, in a checkout of its own with an npm that only notes that it was called. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root } from "../../infra/machine/checkout.ts";

let checkout: string;
const file = (name: string) => join(checkout, name);
const installs = () =>
  existsSync(file("calls")) ? readFileSync(file("calls"), "utf8").trim().split("\n") : [];
const script = (path: string, text: string) => writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), "understudy-bootstrap-"));
  mkdirSync(file("infra/toolchain"), { recursive: true });
  mkdirSync(file("bin"));
  cpSync(join(root, "infra/toolchain/bootstrap.sh"), file("infra/toolchain/bootstrap.sh"));
  script(file("bin/npm"), `echo "$@" >>${checkout}/calls; mkdir -p node_modules`);
  symlinkSync(process.execPath, file("bin/node"));
  writeFileSync(file("package-lock.json"), "1");
  writeFileSync(
    file("program.ts"),
    "const words: string[] = process.argv.slice(2);\nconsole.log(words.join('|'));\n",
  );
});

afterEach(() => rmSync(checkout, { recursive: true }));

function start(...args: string[]) {
  const env = { ...process.env, PATH: `${file("bin")}:/usr/bin:/bin`, XDG_CACHE_HOME: file("cache") };
  return spawnSync("sh", [file("infra/toolchain/bootstrap.sh"), file("program.ts"), ...args], {
    env,
    encoding: "utf8",
  });
}

test("the packages are installed once, and again when the lock file changes", () => {
  expect(start("a b", "c")).toMatchObject({ status: 0, stdout: "a b|c\n" });
  start();
  expect(installs()).toEqual(["ci --no-audit --no-fund --loglevel=error"]);
  writeFileSync(file("package-lock.json"), "2");
  start();
  expect(installs()).toHaveLength(2);
});

test("a node_modules that is a link belongs to another checkout and is left alone", () => {
  mkdirSync(file("theirs"));
  symlinkSync(file("theirs"), file("node_modules"));
  expect(start().status).toBe(0);
  expect(installs()).toEqual([]);
});

test("a failed installation is said, and tried again", () => {
  script(file("bin/npm"), "echo no network >&2; exit 1");
  const failed = start();
  expect(failed.status).toBe(1);
  expect(failed.stderr).toMatch(/no network\n.*npm ci failed/);
  script(file("bin/npm"), "mkdir -p node_modules");
  expect(start().status).toBe(0);
});

test("a Node.js that can't run TypeScript is named with the version that can", () => {
  rmSync(file("bin/node"));
  script(file("bin/node"), '[ "$1" = --version ] && echo v20.1.0; exit 1');
  const refused = start();
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/22\.18 or later is needed.*v20\.1\.0/);
});

test("the package's own Node.js comes before the system's", () => {
  mkdirSync(file("node_modules/.bin"), { recursive: true });
  script(file("node_modules/.bin/node"), 'case "$1" in -e) exit 0 ;; *) echo own ;; esac');
  expect(start().stdout).toBe("own\n");
});

test("it is plain sh", () => {
  execFileSync("sh", ["-n", join(root, "infra/toolchain/bootstrap.sh")]);
});
