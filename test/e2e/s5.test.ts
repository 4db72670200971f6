/** S5, `mysql-read-vip`: three databases behind one address, two of them its directors; deployed, broken and mended. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HostName } from "../../infra/lab/address.ts";
import { labUnavailable } from "../../infra/lab/requirements.ts";
import { waitFor } from "../../infra/tour/engine-status.ts";
import { s5 } from "../../infra/tour/scenarios/s5.ts";
import { type Deployment, deploymentOf } from "../support/deployment.ts";

const vip = s5.target.host;
const databases: HostName[] = ["db1", "db2", "db3"];

describe.skipIf(labUnavailable() !== undefined)("S5, mysql-read-vip", () => {
  let site: Deployment;
  beforeAll(async () => {
    site = deploymentOf(s5, "e2e-s5");
    await site.begin();
  });
  afterAll(() => site.end());

  it("is deployed", async () => {
    await site.step("pulumi up");
    await site.master("db1");
  });

  it("is in sync right after the deploy", async () => {
    const { code, stdout } = await site.pulumi(["preview", "--refresh", "--diff", "--expect-no-changes"]);
    expect(stdout).toContain("unchanged");
    expect(code).toBe(0);
  });

  it("has the VIP on lo of all three, and on the wire of the master alone", async () => {
    for (const host of databases)
      expect(await site.says(host, "ip", "-br", "-4", "address", "show", "dev", "lo")).toContain(`${vip}/32`);
    const onWire = async (host: HostName) =>
      (await site.says(host, "ip", "-br", "-4", "address", "show", "dev", "eth0")).includes(`${vip}/32`);
    expect(await Promise.all(databases.map(onWire))).toEqual([true, false, false]);
  });

  it("runs the engine on the directors only", async () => {
    const active = async (host: HostName) =>
      (await site.lab.ssh(host, ["systemctl", "is-active", "understudy.service"])).stdout.trim();
    expect(await Promise.all(databases.map(active))).toEqual(["active", "active", "inactive"]);
  });

  it("balances over three databases", async () => {
    await site.step("balance");
    const counts = Object.values(site.tour.report.balance);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
  });

  it("takes a database out that lets nobody in, and back in", async () => {
    const share = async () => {
      await site.step("balance").catch(() => undefined);
      return site.tour.report.balance.db3 ?? 0;
    };
    await site.says("db3", "systemctl", "stop", "mariadb");
    await waitFor("db3 is out", 60_000, async () => (await share()) === 0, 1000);
    await site.says("db3", "systemctl", "start", "mariadb");
    await waitFor("db3 is back", 60_000, async () => (await share()) > 0, 1000);
  });

  it("goes on without an election when a worker of the master is killed", async () => {
    await goesOn(site, async () => {
      await site.says("db1", "pkill", "-9", "-f", "worker vrrp");
      await site.says("db1", "pkill", "-9", "-f", "worker check");
    });
  });

  it("goes on without an election when the whole engine is killed", async () => {
    const main = await site.says("db1", "systemctl", "show", "-P", "MainPID", "understudy.service");
    await goesOn(site, async () => {
      await site.says("db1", "kill", "-9", main);
    });
  });

  it("keeps the running configuration when a broken one is loaded, and says so", async () => {
    await site.says(
      "db1",
      "sed",
      "-i",
      "s/virtual_router_id/virtual_routr_id/",
      "/etc/understudy/understudy.conf",
    );
    await site.lab.ssh("db1", ["systemctl", "reload", "understudy.service"]);
    await waitFor("status tells of it", 10_000, async () => {
      const { stdout } = await site.lab.ssh("db1", ["understudy", "status"]);
      return stdout.includes("virtual_routr_id");
    });
    expect((await site.status("db1"))?.instances[0]?.state).toBe("MASTER");
  });

  it("leaves no address behind when an engine that ended can't come back, and is repaired", async () => {
    await site.says("db1", "pkill", "-9", "-f", "understudy run");
    await waitFor("db1 has given the VIP up", 20_000, async () => {
      const addresses = await site.says("db1", "ip", "-br", "-4", "address", "show", "dev", "eth0");
      return !addresses.includes(vip);
    });
    await site.master("db2");
    const up = await site.pulumi(["up", "--yes", "--skip-preview"]);
    expect(up.code, up.stdout + up.stderr).toBe(0);
    await site.master("db1");
  });

  it("comes up by itself after a reboot, in order", async () => {
    await site.lab.reboot("db2");
    await waitFor("db2 is healthy", 60_000, async () => (await site.status("db2"))?.healthy === true);
    expect(await site.says("db2", "sysctl", "-n", "net.ipv4.conf.all.arp_ignore")).toBe("1");
    expect(await site.says("db2", "ip", "-br", "-4", "address", "show", "dev", "lo")).toContain(`${vip}/32`);
    expect(await site.says("db2", "nft", "list", "table", "inet", "understudy")).toContain(
      "02:00:00:00:00:0f",
    );
  });

  it("survives a power cut of the master within the protocol's bound, and its return", async () => {
    await site.step("power cut");
    await site.step("db1 returns");
  });

  it("shows a change made by hand, and repairs it", async () => {
    await site.step("drift");
  });

  it("repairs a mark rule, an address on lo, a file's mode and a stopped unit", async () => {
    await site.says("db1", "nft", "flush", "chain", "inet", "understudy", "marks");
    await site.says("db3", "ip", "address", "del", `${vip}/32`, "dev", "lo");
    await site.says("db2", "chmod", "0666", "/etc/understudy/understudy.conf");
    await site.says("db2", "systemctl", "stop", "understudy.service");
    const preview = await site.pulumi(["preview", "--refresh", "--diff", "--expect-no-changes"]);
    expect(preview.code).not.toBe(0);
    for (const word of ["marks", "addresses", "mode", "units"]) expect(preview.stdout).toContain(word);
    const up = await site.pulumi(["up", "--yes", "--skip-preview"]);
    expect(up.code, up.stdout + up.stderr).toBe(0);
    const after = await site.pulumi(["preview", "--refresh", "--expect-no-changes"]);
    expect(after.code, after.stdout).toBe(0);
  });

  it("fails alone when a host can't be reached; the others are repaired in the same run", async () => {
    await site.lab.cut("db3");
    await site.says("db2", "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=0");
    const up = await site.pulumi(["up", "--yes", "--skip-preview"]);
    expect(up.code).not.toBe(0);
    expect(up.stdout + up.stderr).toContain("db3");
    expect(await site.says("db2", "sysctl", "-n", "net.ipv4.conf.all.arp_ignore")).toBe("1");
    await site.lab.start("db3");
    const again = await site.pulumi(["up", "--yes", "--skip-preview"]);
    expect(again.code, again.stdout + again.stderr).toBe(0);
  });

  it("puts the standby back to its last good generation when an engine does not come up, and leaves the master alone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "understudy-broken-"));
    const broken = join(folder, "understudy");
    const script = ["#!/bin/sh", 'case "$1" in', "  --version) echo understudy 0.1.0 ;;", "  check) ;;"];
    writeFileSync(broken, [...script, "  *) echo broken on purpose >&2; exit 1 ;;", "esac", ""].join("\n"), {
      mode: 0o755,
    });
    const starts = () =>
      site.says("db1", "systemctl", "show", "-P", "ExecMainStartTimestampMonotonic", "understudy");
    const before = await starts();
    process.env.UNDERSTUDY_ENGINE = broken;
    const up = await site.pulumi(["up", "--yes", "--skip-preview"]);
    delete process.env.UNDERSTUDY_ENGINE;
    rmSync(folder, { recursive: true });
    expect(up.code).not.toBe(0);
    expect(up.stdout + up.stderr).toMatch(/db2[\s\S]*put back to generation/);
    expect(await starts()).toBe(before);
    await waitFor("db2 is healthy again", 30_000, async () => (await site.status("db2"))?.healthy === true);
    const again = await site.pulumi(["up", "--yes", "--skip-preview"]);
    expect(again.code, again.stdout + again.stderr).toBe(0);
    await site.master("db1");
  });

  it("sets a host up again that was installed anew", async () => {
    await site.lab.reset("db2");
    await site.step("lab"); // with its database, which is the user's
    const up = await site.pulumi(["up", "--yes", "--skip-preview"]);
    expect(up.code, up.stdout + up.stderr).toBe(0);
    await waitFor("db2 is healthy", 60_000, async () => (await site.status("db2"))?.healthy === true);
  });

  it("loses nothing when a deploy is interrupted: the next one goes on", async () => {
    for (const host of databases) await site.says(host, "sysctl", "-qw", "net.ipv4.conf.all.arp_announce=0");
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 4_000);
    await site.pulumi(["up", "--yes", "--skip-preview"], stop.signal).catch(() => undefined);
    const again = await site.pulumi(["up", "--yes", "--skip-preview"]);
    expect(again.code, again.stdout + again.stderr).toBe(0);
    for (const host of databases)
      expect(await site.says(host, "sysctl", "-n", "net.ipv4.conf.all.arp_announce")).toBe("2");
    await site.master("db1");
  });
});

/** What is done to db1 must not even be noticed by db2: it had long enough to elect itself. */
async function goesOn(site: Deployment, act: () => Promise<void>): Promise<void> {
  const before = await site.transitions("db2");
  await act();
  await new Promise((done) => setTimeout(done, 5_000));
  await site.master("db1");
  expect(await site.transitions("db2")).toEqual(before);
}
