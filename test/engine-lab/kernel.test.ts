/** The engine's own tests that need a kernel with IPVS: their program is run on a host of the lab. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLab } from "../../infra/lab/lab.ts";
import { labUnavailable } from "../../infra/lab/requirements.ts";
import { root } from "../../infra/machine/checkout.ts";
import { must, unlimited } from "../../infra/machine/run.ts";
import { cargoTarget } from "../../infra/toolchain/engine.ts";

describe.skipIf(labUnavailable() !== undefined)("the engine on a kernel with IPVS", () => {
  const lab = openLab("e2e-kernel");
  beforeAll(async () => {
    await lab.destroy();
    await lab.up(["db1"]);
    await lab.put("db1", await testProgram(), "/root/understudy-tests");
  });
  afterAll(() => lab.destroy());

  it("passes the tests that are left out elsewhere", async () => {
    const argv = ["/root/understudy-tests", "--ignored", "kernel", "--test-threads", "1"];
    const { stdout, stderr, code } = await lab.ssh("db1", argv, { timeoutMs: 300_000 });
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toMatch(/test result: ok\. [1-9]\d* passed/);
  });
});

/** The program with the unit tests of the engine's binary; built if need be. */
async function testProgram(): Promise<string> {
  const argv = ["cargo", "test", "-p", "understudy", "--bin", "understudy", "--locked", "--no-run"];
  const messages = await must([...argv, "--message-format", "json"], {
    cwd: join(root, "engine"),
    env: { ...process.env, CARGO_TARGET_DIR: cargoTarget() },
    timeoutMs: unlimited,
  });
  const artifacts = messages
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { executable?: string | null; target?: { name: string } });
  const found = artifacts.find((one) => one.executable && one.target?.name === "understudy");
  if (!found?.executable) throw new Error("cargo names no test program of understudy");
  return found.executable;
}
