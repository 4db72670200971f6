/** What is asked of the engine on the operator's machine: a script that answers as the engine does stands for it. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { architectureOf, findEngine, fits } from "../../infra/engine/binary.ts";
import { checkConfiguration } from "../../infra/engine/check.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "understudy-engine-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function anEngine(script: string): Promise<Awaited<ReturnType<typeof findEngine>>> {
  const path = join(folder, "understudy");
  writeFileSync(
    path,
    `#!/bin/sh\n[ "$1" != --version ] || { echo "understudy 0.1.0 (release)"; exit; }\n${script}\n`,
  );
  chmodSync(path, 0o755);
  return findEngine({ UNDERSTUDY_ENGINE: path });
}

const path = "/etc/understudy/understudy.conf";

test("the engine is found, hashed and asked for its version", async () => {
  const engine = await anEngine("");
  expect(engine).toMatchObject({ version: "0.1.0 (release)", architecture: "any" });
  expect(engine.sha256).toMatch(/^[0-9a-f]{64}$/);
});

test("its findings are ours, with the place on the host and the line as it was rendered", async () => {
  const engine = await anEngine(
    `echo '[{"code":"E0207","severity":"error","message":"unknown keyword","help":"did you mean \`x\`?","line":2,"column":3}]'; exit 2`,
  );
  expect(await checkConfiguration(engine, "db1", path, "a\n  auth_pass @@auth@@\n")).toEqual([
    {
      code: "engine-E0207",
      severity: "error",
      place: `${path}:2:3 on db1`,
      message: "unknown keyword\nauth_pass @@auth@@",
      remedy: "did you mean `x`?",
    },
  ]);
});

test("it gets a text without placeholders, as long as a password may be", async () => {
  const engine = await anEngine(`grep -q 'auth_pass xxxxxxxx$' "$3" && echo '[]' && exit 0; exit 2`);
  expect(await checkConfiguration(engine, "db1", path, "auth_pass @@auth@@\n")).toEqual([]);
});

test("an engine that dies has not said that all is well", async () => {
  const engine = await anEngine("echo 'it broke' >&2; kill -9 $$");
  const [finding] = await checkConfiguration(engine, "db1", path, "");
  expect(finding).toMatchObject({ severity: "error", place: "hosts.db1" });
  expect(finding?.message).toContain("it broke");
});

test("a program for another architecture is told apart", () => {
  const file = join(folder, "elf");
  const head = Buffer.alloc(64);
  head.writeUInt32BE(0x7f454c46);
  head.writeUInt16LE(183, 18);
  writeFileSync(file, head);
  expect(architectureOf(file)).toBe("aarch64");
  const engine = { path: file, sha256: "", version: "", architecture: "aarch64" };
  expect(fits(engine, "x86_64")).toBe(false);
  expect(fits(engine, "aarch64")).toBe(true);
});
