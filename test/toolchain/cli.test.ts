import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { doing, officialCli } from "../../infra/toolchain/cli.ts";
import { explainLock, isLocked } from "../../infra/toolchain/lock.ts";
import { environment } from "../../infra/toolchain/pulumi.ts";

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "understudy-cli-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

function program(path: string): void {
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o755);
}

test("the official CLI is used only together with its language host", () => {
  const bin = folder();
  const env = { PATH: `/nowhere:${bin}` };
  program(join(bin, "pulumi"));
  expect(officialCli(env)).toBeUndefined();
  program(join(bin, "pulumi-language-nodejs"));
  expect(officialCli(env)).toBe(join(bin, "pulumi"));
  expect(officialCli({ ...env, UNDERSTUDY_OWN_PULUMI: "1" })).toBeUndefined();
});

const cli = { path: "/p", env: { PULUMI_HOME: "/h" } };

test("state and passphrase are the checkout's own, made once", () => {
  const project = folder();
  const env = environment(cli, project, { PATH: "/bin" });
  const path = join(project, ".state/passphrase");
  const passphrase = readFileSync(path, "utf8");
  expect(env).toMatchObject({
    PULUMI_BACKEND_URL: `file://${project}/.state`,
    PULUMI_CONFIG_PASSPHRASE_FILE: path,
    PULUMI_HOME: "/h",
  });
  expect(passphrase.length).toBeGreaterThan(30);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  environment(cli, project, { PATH: "/bin" });
  expect(readFileSync(path, "utf8")).toBe(passphrase);
});

test("the user's own backend and passphrase come first", () => {
  const own = { PULUMI_BACKEND_URL: "s3://states", PULUMI_CONFIG_PASSPHRASE: "", PATH: "/bin" };
  const env = environment(cli, folder(), own);
  expect(env).toMatchObject({ PULUMI_BACKEND_URL: "s3://states", PULUMI_CONFIG_PASSPHRASE: "" });
  expect(env.PULUMI_CONFIG_PASSPHRASE_FILE).toBeUndefined();
});

const locked = (host: string) =>
  "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock " +
  `file with \`pulumi cancel\`.\n  file:///x/locks/1.json: created by root@${host} (pid 4711) at 2026-01-01T00:00:00Z`;

test("a lock is explained by what has become of its holder", async () => {
  const { hostname } = await import("node:os");
  expect(isLocked(locked("elsewhere"))).toBe(true);
  expect(explainLock("error: update failed")).toBeUndefined();
  expect(explainLock(locked(hostname()), () => true)).toContain("process 4711");
  expect(explainLock(locked(hostname()), () => false)).toMatch(/was killed.*\n.*cancel --yes/);
  expect(explainLock(locked("elsewhere"), () => false)).toMatch(/If nobody else.*\n.*cancel --yes/);
});

test.each([
  ["go: downloading golang.org/x/sys v0.41.0", "downloading golang.org/x/sys v0.41.0"],
  ["golang.org/x/sys/unix", "compiling golang.org/x/sys/unix"],
  ["net/http", "compiling net/http"],
  ["pkg/x.go:7:2: undefined: y", "pkg/x.go:7:2: undefined: y"],
])("the build's line `%s` is shown as `%s`", (line, shown) => {
  expect(doing(line)).toBe(shown);
});
