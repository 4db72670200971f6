/** S2, `haproxy-pair`: two HAProxy behind one address; what moves it, and what does not. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labUnavailable } from "../../infra/lab/requirements.ts";
import { waitFor } from "../../infra/tour/engine-status.ts";
import { s2 } from "../../infra/tour/scenarios/s2.ts";
import { type Deployment, deploymentOf } from "../support/deployment.ts";

describe.skipIf(labUnavailable() !== undefined)("S2, haproxy-pair", () => {
  let site: Deployment;
  beforeAll(async () => {
    site = deploymentOf(s2, "e2e-s2");
    await site.begin();
  });
  afterAll(() => site.end());

  const answering = async () => {
    const { stdout } = await site.lab.ssh("client", ["curl", "-s", "-m", "2", `http://${s2.target.host}/`]);
    return stdout.trim();
  };

  it("is deployed, and answered by the preferred one", async () => {
    await site.step("pulumi up");
    await site.master("lb1");
    await site.step("balance");
    expect(await answering()).toBe("lb1");
  });

  it("shows its password to nobody", async () => {
    const password = site.tour.secrets["edge-vrrp"]!;
    expect(password).toHaveLength(8);
    const preview = await site.pulumi(["preview", "--diff", "--json"]);
    const status = await site.says("lb1", "understudy", "status", "--json");
    const shown = await site.says("lb1", "understudy", "show", "/etc/understudy/understudy.conf");
    const journal = await site.says("lb1", "journalctl", "-u", "understudy.service", "--no-pager");
    for (const text of [preview.stdout, preview.stderr, status, shown, journal])
      expect(text).not.toContain(password);
    expect(await site.says("lb1", "stat", "-c", "%a", "/etc/understudy/understudy.conf")).toBe("600");
  });

  it("moves when HAProxy on the master stops answering, and comes back with it", async () => {
    await site.says("lb1", "systemctl", "stop", "haproxy");
    await waitFor("lb2 answers", 30_000, async () => (await answering()) === "lb2");
    await site.says("lb1", "systemctl", "start", "haproxy");
    await waitFor("lb1 answers", 30_000, async () => (await answering()) === "lb1");
  });

  it("moves away at a planned stop because it is told, not because of silence", async () => {
    await site.says("lb1", "systemctl", "stop", "understudy");
    await waitFor("lb2 answers", 10_000, async () => (await answering()) === "lb2");
    expect((await site.transitions("lb2")).at(-1)).toMatch(/^BACKUP -> MASTER: .* is leaving \(priority 0\)/);
    await site.says("lb1", "systemctl", "start", "understudy");
    await site.master("lb1");
  });

  it("survives a power cut of the master within the protocol's bound, and its return", async () => {
    await site.step("power cut");
    await site.step("lb1 returns");
  });

  it("shows a change made by hand, and repairs it", async () => {
    await site.step("drift");
  });
});
