import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { engineScript, packagesScript } from "../../infra/deploy/provision.ts";

test.each([packagesScript(["nftables", "mariadb-client"]), engineScript("ab".repeat(32), "/var/tmp/x")])(
  "a provisioning script is valid for a POSIX shell",
  (script) => {
    execFileSync("sh", ["-n"], { input: script });
  },
);

test("a package's name can't be a command", () => {
  expect(() => packagesScript(["a; reboot"])).toThrow(/no name of a package/);
});

test("a copy that was damaged is never used", () => {
  const sha256 = createHash("sha256").update("whole").digest("hex");
  const { status, stderr } = spawnSync("sh", ["-s"], { input: engineScript(sha256, "/nonexistent/copy") });
  expect(status).toBe(1);
  expect(String(stderr)).toContain("the copy of the engine was damaged on its way");
});
