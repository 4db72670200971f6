import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { apply, remove } from "../../infra/provider/host/apply.ts";
import { liveArgs, requestOf } from "../../infra/provider/host/read.ts";
import { hostResource } from "../../infra/provider/host/resource.ts";
import type { HostArgs } from "../../infra/provider/host/schema.ts";
import { inventory } from "../../infra/provider/remote/inventory.ts";
import { InitFailed } from "../../infra/provider/rpc.ts";
import { aHost, FolderHost, mysqlRule, openFolder, withConfig } from "../support/folder-host.ts";

vi.setConfig({ testTimeout: 60_000 }); // each deploy is some fifty processes, and the machine may be busy

let host: FolderHost;
beforeEach(() => {
  host = new FolderHost();
});
afterEach(() => host.dispose());

const never = new AbortController().signal;
const limits = { gateSeconds: 1, keep: 5 };
const up = (args: HostArgs, signal = never) => apply(openFolder(args.connection), args, limits, signal);
const live = async (args: HostArgs) =>
  liveArgs(args, await inventory(openFolder(args.connection), requestOf(args), never));

describe("a fresh host", () => {
  test("is equal to its arguments afterwards, in the safe order", async () => {
    const args = aHost(host);
    await up(args);
    expect(await live(args)).toEqual(args);
    expect(host.read("/etc/understudy/understudy.conf")).toBe("router db1\npassword hunter2\n");
    expect(host.read("/proc/sys/net/ipv4/conf/all/arp_ignore")).toBe("1\n");
    expect(host.log()).toEqual([
      "systemctl daemon-reload",
      "nft -f /etc/understudy/rules.nft",
      "ip addr replace 10.20.0.200/32 dev lo",
      "systemctl enable understudy-network.service",
      "systemctl start understudy-network.service",
      "systemctl enable understudy.service",
      "systemctl start understudy.service",
    ]);
  });

  test("is not touched by a second run", async () => {
    const args = aHost(host);
    await up(args);
    host.log();
    await up(args);
    expect(host.log()).toEqual([]);
    expect(host.has("/var/lib/understudy/generations/.new")).toBe(false);
  });

  test("keeps what others put into the engine's folder, and the folder is no link", async () => {
    host.write("/etc/understudy/theirs.txt", "mine\n");
    await up(aHost(host));
    expect(host.read("/etc/understudy/theirs.txt")).toBe("mine\n");
    expect(host.has("/etc/.understudy.next")).toBe(false);
    expect(host.has("/etc/.understudy.old")).toBe(false);
  });
});

describe("only what differs is done", () => {
  const base = () => aHost(host);
  const path = "/etc/understudy/scripts/check.sh";
  const rows: [string, (args: HostArgs) => HostArgs, string[]][] = [
    ["a configuration", (a) => withConfig(a, "router db1\n"), ["systemctl reload understudy.service"]],
    [
      "a script",
      (a) => ({ ...a, files: { ...a.files, [path]: { ...a.files[path]!, content: "#!/bin/sh\n" } } }),
      [],
    ],
    [
      "the engine's unit",
      (a) => {
        const unit = "/etc/systemd/system/understudy.service";
        return {
          ...a,
          files: { ...a.files, [unit]: { ...a.files[unit]!, content: "[Service]\nNice=-5\n" } },
        };
      },
      ["systemctl daemon-reload", "systemctl restart understudy.service"],
    ],
    [
      "the network's unit, which is never restarted",
      (a) => {
        const unit = "/etc/systemd/system/understudy-network.service";
        return { ...a, files: { ...a.files, [unit]: { ...a.files[unit]!, content: "[Service]\nx\n" } } };
      },
      ["systemctl daemon-reload", "systemctl reload understudy-network.service"],
    ],
    [
      "an address",
      (a) => ({ ...a, addresses: { lo: ["10.20.0.201/32"] } }),
      ["ip addr replace 10.20.0.201/32 dev lo", "ip addr del 10.20.0.200/32 dev lo"],
    ],
    [
      "a unit that is gone from the plan",
      (a) => {
        const { "/etc/systemd/system/understudy-network.service": _, ...files } = a.files;
        return { ...a, files, units: { "understudy.service": { enabled: true, active: true } } };
      },
      [
        "systemctl disable --now understudy-network.service", // takes its rules and addresses along
        "systemctl daemon-reload",
        "nft -f /etc/understudy/rules.nft",
        "ip addr replace 10.20.0.200/32 dev lo",
      ],
    ],
  ];
  test.each(rows)("%s", async (_name, change, expected) => {
    await up(base());
    host.log();
    const args = change(base());
    await up(args);
    expect(host.log()).toEqual(expected);
    expect(await live(args)).toEqual(args);
  });

  test("an engine: the host itself switches to it, when it is its turn", async () => {
    await up(base());
    host.log();
    const sha256 = host.provision(host.read("/usr/local/sbin/understudy").replace("0.1.0", "0.2.0"));
    const args = base();
    const newer = { ...args, engine: { ...args.engine!, sha256, version: "0.2.0" } };
    await up(newer);
    expect(host.log()).toEqual(["systemctl restart understudy.service"]);
    expect(await live(newer)).toEqual(newer);
  });

  test("an engine that does not start is exchanged for the last good one", async () => {
    await up(base());
    const sha256 = host.provision(host.read("/usr/local/sbin/understudy").replace('exit "$code"', "exit 2"));
    const args = base();
    await expect(up({ ...args, engine: { ...args.engine!, sha256 } })).rejects.toThrow(/healthy again/);
    expect(await live(args)).toEqual(args);
  });

  test("a file that is gone from the plan is gone from the host", async () => {
    await up(base());
    const { [path]: _, "/etc/sysctl.d/60-understudy.conf": __, ...files } = base().files;
    await up({ ...base(), files });
    expect(host.has(path)).toBe(false);
    expect(host.has("/etc/sysctl.d/60-understudy.conf")).toBe(false);
    expect(host.has("/etc/understudy/understudy.conf")).toBe(true);
  });

  test("an address that was there before us stays when we don't want it any more", async () => {
    host.write("/fake/addresses", "lo 10.20.0.200/32\n");
    await up(base());
    host.log();
    await up({ ...base(), addresses: {} });
    expect(host.log()).toEqual([]);
  });
});

describe("drift by hand is repaired", () => {
  const rows: [string, (host: FolderHost) => void, string[]][] = [
    ["a sysctl", (h) => h.write("/proc/sys/net/ipv4/conf/all/arp_ignore", "0\n"), []],
    [
      "a mark rule",
      (h) => h.write("/fake/rules", `#json ${mysqlRule("02:00:00:00:00:99")}\n`),
      ["nft -f /etc/understudy/rules.nft"],
    ],
    ["an address", (h) => h.write("/fake/addresses", ""), ["ip addr replace 10.20.0.200/32 dev lo"]],
    ["the rules' table", (h) => h.remove("/fake/rules"), ["nft -f /etc/understudy/rules.nft"]],
    [
      "a stopped engine",
      (h) => h.remove("/fake/active/understudy.service"),
      ["systemctl start understudy.service"],
    ],
    ["an edited file", (h) => h.write("/etc/sysctl.d/60-understudy.conf", "x\n"), []],
    ["a deleted script", (h) => h.remove("/etc/understudy/scripts/check.sh"), []],
    [
      "an edited configuration",
      (h) => h.write("/etc/understudy/understudy.conf", "x\n"),
      ["systemctl reload understudy.service"],
    ],
    ["another binary", replaceEngine, ["systemctl restart understudy.service"]],
  ];
  test.each(rows)("%s", async (_name, change, expected) => {
    const args = aHost(host);
    await up(args);
    host.log();
    change(host);
    expect(await live(args)).not.toEqual(args);
    await up(args);
    expect(await live(args)).toEqual(args);
    expect(host.log()).toEqual(expected);
  });

  function replaceEngine(h: FolderHost) {
    const text = h.read("/usr/local/sbin/understudy");
    h.remove("/usr/local/sbin/understudy");
    h.write("/usr/local/sbin/understudy", `${text}# another\n`);
    h.write("/fake/running/understudy", "another");
  }
});

describe("what goes wrong", () => {
  test("a configuration that the engine refuses changes nothing", async () => {
    const args = aHost(host);
    await up(args);
    host.log();
    await expect(up(withConfig(args, "syntax-error here\n"))).rejects.toThrow(
      /refuses the new configuration, nothing was changed:\nerror\[E0207\]/,
    );
    expect(host.log()).toEqual([]);
    expect(await live(args)).toEqual(args);
  });

  test("an engine that turns faulty is put back, and the reason is told", async () => {
    const args = aHost(host);
    await up(args);
    await expect(up(withConfig(args, "status-code 2\n"))).rejects.toThrow(
      /not healthy after 1 s: mysql: db3 is down[\s\S]*put back to generation 1-[0-9a-f]{12}, which is healthy again/,
    );
    expect(await live(args)).toEqual(args);
    host.log();
    await up(args);
    expect(host.log()).toEqual([]);
  });

  test("an engine that keeps its old configuration is not taken for healthy", async () => {
    const args = aHost(host);
    await up(args);
    await expect(up(withConfig(args, "engine-keeps-the-old\n"))).rejects.toThrow(
      /still runs on another configuration/,
    );
    expect(await live(args)).toEqual(args);
  });

  test("degraded is accepted where it was no better before, and refused where it was", async () => {
    const degraded = withConfig(aHost(host), "status-code 1\n");
    await up(degraded);
    await up(withConfig(degraded, "status-code 1\n# again\n"));
    await up(withConfig(degraded, "# healthy now\n"));
    await expect(up(degraded)).rejects.toThrow(/db3 is down/);
  });

  test("a step that fails is named, and undone", async () => {
    const args = aHost(host);
    await up(args);
    host.write("/fake/fail-reload", "");
    await expect(up(withConfig(args, "router other\n"))).rejects.toThrow(
      /reload understudy.service failed: Job for understudy.service failed/,
    );
    expect(host.read("/etc/understudy/understudy.conf")).toBe("router db1\npassword hunter2\n");
  });

  test("the first generation has nothing to go back to, and says so", async () => {
    await expect(up(withConfig(aHost(host), "status-code 2\n"))).rejects.toThrow(/no other generation/);
  });

  test("no secret is in an error, whoever quotes it", async () => {
    const args = aHost(host);
    await up(args);
    host.write("/fake/journal", "hunter2");
    const resource = hostResource(openFolder, limits);
    const wrong = withConfig(args, "password @@auth@@\nstatus-code 2\n");
    const failed = await resource.update("db1", {}, JSON.parse(JSON.stringify(wrong)), never).catch((e) => e);
    expect(failed).toBeInstanceOf(InitFailed);
    expect(failed.message).toMatch(/^host db1: not healthy[\s\S]*password is @@auth@@/);
    expect(failed.message).not.toContain("hunter2");
    const broken = withConfig(args, "syntax-error @@auth@@\n");
    const refused = await resource
      .update("db1", {}, JSON.parse(JSON.stringify(broken)), never)
      .catch((e) => e);
    expect(refused.message).toContain("unknown keyword `syntax-error @@auth@@`");
  });
});

describe("an interrupted run", () => {
  // Each row is the number of the round trip that the operator's Ctrl-C meets: look, stage, activate, gate, good.
  test.each([0, 1, 2, 3, 4])("at round trip %i is simply done again", async (trip) => {
    const args = aHost(host);
    await up(args);
    const news = withConfig({ ...args, addresses: { lo: ["10.20.0.201/32"] } }, "router two\n");
    const stop = new AbortController();
    let trips = 0;
    const folder = openFolder(args.connection);
    const run = apply(
      {
        run: (script, signal) => {
          if (trips++ === trip) setTimeout(() => stop.abort(new Error("stopped by the operator")), 5);
          return folder.run(script, signal);
        },
      },
      news,
      limits,
      stop.signal,
    );
    await run.catch((error) => expect(error.message).toContain("stopped by the operator"));
    await up(news);
    expect(await live(news)).toEqual(news);
    expect(host.read("/fake/addresses")).not.toContain("10.20.0.200/32");
    await expect(up(withConfig(news, "status-code 2\n"))).rejects.toThrow(/healthy again/);
    expect(await live(news)).toEqual(news);
  });

  test("between the two renames of the engine's folder finds it again", async () => {
    const args = aHost(host);
    await up(args);
    const { renameSync } = await import("node:fs");
    renameSync(`${host.root}/etc/understudy`, `${host.root}/etc/.understudy.old`);
    await up(args);
    expect(await live(args)).toEqual(args);
  });
});

test("only the newest generations stay", async () => {
  for (let n = 1; n <= 8; n++) await up(withConfig(aHost(host), `router ${n}\n`));
  const { readdirSync } = await import("node:fs");
  const names = readdirSync(`${host.root}/var/lib/understudy/generations`).map((n) => Number.parseInt(n, 10));
  expect(names.sort((a, b) => a - b)).toEqual([4, 5, 6, 7, 8]);
});

test("a removed host keeps nothing of ours", async () => {
  const args = aHost(host);
  await up(args);
  await remove(openFolder(args.connection), args, never);
  expect(host.has("/etc/understudy")).toBe(false);
  expect(host.has("/etc/systemd/system/understudy.service")).toBe(false);
  expect(host.has("/fake/active/understudy.service")).toBe(false);
  expect(host.read("/fake/addresses")).not.toContain("10.20.0.200");
  expect(host.has("/fake/rules")).toBe(false);
});
