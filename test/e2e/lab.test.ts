/** The lab itself: what the other end-to-end tests take for granted. */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLab } from "../../infra/lab/lab.ts";
import { labUnavailable } from "../../infra/lab/requirements.ts";
import { database } from "../../infra/lab/roles/database.ts";
import { haproxy } from "../../infra/lab/roles/haproxy.ts";
import { web } from "../../infra/lab/roles/web.ts";
import { onStderr } from "../../infra/machine/progress.ts";
import { run } from "../../infra/machine/run.ts";

const minutes = 60_000;
const why = labUnavailable();
if (why !== undefined) console.warn(`skipped: ${why}`);

describe.skipIf(why !== undefined)("the lab", { timeout: 2 * minutes }, () => {
  const lab = openLab("e2e-lab");
  const says = async (host: "client" | "db1", ...argv: string[]) => {
    const { stdout, stderr, code } = await lab.ssh(host, argv);
    return code === 0 ? stdout.trim() : `exit code ${code}: ${stderr.trim()}`;
  };
  const pings = async () =>
    (await lab.ssh("client", ["ping", "-c2", "-i0.2", "-W1", "10.20.0.15"])).code === 0;

  beforeAll(async () => {
    await lab.destroy();
    await lab.up(["client", "db1"], onStderr());
  }, 40 * minutes);

  afterAll(() => lab.destroy(), 2 * minutes);

  it("takes a large file at once: frames longer than a host's buffers are cut before they reach it", async () => {
    const start = Date.now();
    await run(["truncate", "-s", "8M", "/tmp/understudy-large"]);
    await lab.put("db1", "/tmp/understudy-large", "/root/large");
    expect(await says("db1", "stat", "-c", "%s", "/root/large")).toBe(String(8 << 20));
    // Cut-off frames made this a matter of minutes.
    expect(Date.now() - start).toBeLessThan(30_000);
  });

  it("boots hosts with their names, addresses and a systemd that has nothing to complain about", async () => {
    expect(await says("db1", "hostname")).toBe("db1");
    expect(await says("db1", "systemctl", "is-system-running", "--wait")).toBe("running");
    expect(await says("db1", "cat", "/sys/class/net/eth0/address")).toBe("02:00:00:00:00:0f");
    expect(await says("client", "ip", "-br", "-4", "address", "show", "eth1")).toContain("10.30.0.10/24");
    expect(
      lab
        .status()
        .filter(({ power }) => power === "on")
        .map(({ host }) => host),
    ).toEqual(["client", "db1"]);
  });

  it("hands words to a host as they are, and exit codes back", async () => {
    expect(await says("client", "printf", "%s|", "a b", "$HOME", "it's")).toBe("a b|$HOME|it's|");
    expect((await lab.ssh("client", ["sh", "-c", "exit 7"])).code).toBe(7);
  });

  it("gives hosts a kernel with IPVS, marks by hardware address, and virtual devices", async () => {
    const script = `set -e
      modprobe ip_vs
      for scheduler in rr wrr lc wlc lblc lblcr dh sh sed nq ovf fo mh twos; do
        ipvsadm -A -f 2 -s $scheduler; ipvsadm -C
      done
      iptables -t mangle -A PREROUTING -m mac ! --mac-source 02:00:00:00:00:10 -j MARK --set-mark 2
      iptables -t mangle -F
      nft 'add table inet t; add chain inet t c { type filter hook input priority 0; }'
      nft 'add rule inet t c ip protocol vrrp accept; delete table inet t'
      for kind in dummy 'macvlan mode private'; do ip link add link eth0 t0 type $kind; ip link del t0; done
      ipvsadm --start-daemon master --mcast-interface eth1 && ipvsadm --stop-daemon master
      echo good`;
    expect(await says("client", "sh", "-c", script)).toBe("good");
  });

  it("parts two hosts, proves it by the frames that it took, and heals", async () => {
    expect(await pings()).toBe(true);
    await lab.partition("client", "db1");
    expect(await pings()).toBe(false);
    const [fault] = await lab.faults();
    expect(fault?.fault).toBe("partition client db1 front");
    expect(fault?.frames).toBeGreaterThan(0);
    expect(await says("db1", "true")).toBe(""); // the operator is not cut off
    await lab.heal();
    expect(await lab.faults()).toEqual([]);
    expect(await pings()).toBe(true);
  });

  it("blocks one direction alone", async () => {
    await lab.block("db1", "client");
    await lab.ssh("client", ["arping", "-q", "-c2", "-I", "eth0", "10.20.0.15"]);
    const seen = await says("db1", "sh", "-c", "ip -4 neigh show 10.20.0.10 dev eth0");
    expect(seen).toContain("02:00:00:00:00:0a"); // the questions arrived
    expect((await lab.faults())[0]?.frames).toBeGreaterThan(0); // the answers did not
    expect(await pings()).toBe(false);
    await lab.heal();
  });

  it("delays what a host sends, until healed", async () => {
    const time = async () =>
      Number(/= [\d.]+\/([\d.]+)/.exec(await says("client", "ping", "-c3", "-i0.2", "10.20.0.15"))?.[1]);
    await lab.delay("db1", 150);
    expect(await time()).toBeGreaterThan(140);
    await lab.heal();
    expect(await time()).toBeLessThan(100);
  });

  it("measures how long a service is silent, to the measure's resolution", async () => {
    await lab.prepare("db1", web());
    const watch = lab.watch("client", { host: "10.20.0.15", port: 80, protocol: "http" });
    await watch.ready;
    lab.pause("db1");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    lab.resume("db1");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const { gapMs, answers, failed } = await watch.stop();
    expect(gapMs).toBeGreaterThan(1_300);
    expect(gapMs).toBeLessThan(3_000);
    expect(answers).toBeGreaterThan(20);
    expect(failed).toBeGreaterThan(20);
  });

  it("has web servers and proxies that say on which host they are", async () => {
    await lab.prepare("db1", haproxy("*:8080"));
    const counts = async (port: number) =>
      lab.balance("client", { host: "10.20.0.15", port, protocol: "http" }, 3);
    expect(await counts(80)).toEqual({ servers: { db1: 3 }, failed: 0, errors: {} });
    expect(await counts(8080)).toEqual({ servers: { db1: 3 }, failed: 0, errors: {} });
    expect((await counts(81)).failed).toBe(3);
  });

  it("has real databases, which say who they are to those who may ask", async () => {
    const role = database({ monitorPassword: "it's secret", probePassword: "probe" });
    await lab.prepare("db1", role);
    const target = { host: "10.20.0.15", port: 3306, protocol: "mariadb" } as const;
    const good = await lab.balance("client", { ...target, user: "monitor", password: "it's secret" }, 5);
    expect(good).toEqual({ servers: { db1: 5 }, failed: 0, errors: {} });
    const bad = await lab.balance("client", { ...target, user: "probe", password: "wrong" }, 1);
    expect(bad.failed).toBe(1);
    expect(Object.keys(bad.errors)[0]).toContain("Access denied");

    const start = Date.now();
    await lab.prepare("db1", role);
    expect(Date.now() - start).toBeLessThan(3_000); // nothing to do
  });

  it("cuts a host's power, and finds what was synced when it is on again", async () => {
    await says("db1", "sh", "-c", "echo kept >/root/kept && sync");
    await lab.cut("db1");
    expect(lab.status().find(({ host }) => host === "db1")?.power).toBe("off");
    expect(await pings()).toBe(false);
    await lab.start("db1");
    expect(await says("db1", "cat", "/root/kept")).toBe("kept");
    expect(
      await says("db1", "sh", "-c", "systemctl is-system-running --wait; systemctl is-active mariadb"),
    ).toContain("active");
  });

  it("forgets a disk that is reset", async () => {
    await lab.reset("db1");
    await lab.start("db1");
    expect(await says("db1", "ls", "/root")).toBe("");
  });

  it("comes up whatever was left behind: a dead network, a half-made disk, a host that runs on", async () => {
    await lab.cut("db1");
    const disks = `${lab.places.state}/disks`;
    const disk = readdirSync(disks).find((name) => name.startsWith("db1-"));
    await run(["sh", "-c", `: >${disks}/${disk}`]);
    await run(["ip", "netns", "del", lab.places.namespace]);
    await lab.up(["client", "db1"]);
    expect(await pings()).toBe(true);
  });

  it("leaves nothing running when it is down", async () => {
    await lab.down();
    expect(lab.status().every(({ power }) => power === "off")).toBe(true);
    const { stdout } = await run(["ip", "netns", "list"]);
    expect(stdout).not.toContain(lab.places.namespace);
    const ours = readdirSync("/proc").filter((pid) => {
      if (!/^\d+$/.test(pid)) return false;
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(lab.places.run);
      } catch {
        return false; // It has ended meanwhile.
      }
    });
    expect(ours).toEqual([]);
  });
});
