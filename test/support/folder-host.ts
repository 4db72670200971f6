/**
 * A folder that stands for a host: the provider's real scripts run in it by the machine's own shell, with the few
 * programs that would touch the machine (systemctl, nft, ip, the engine) replaced.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Connection, HostArgs } from "../../infra/provider/host/schema.ts";
import { type Connect, type Transport, Unreachable } from "../../infra/provider/remote/transport.ts";

const programs = fileURLToPath(new URL("fake-host.sh", import.meta.url));

export class FolderHost {
  readonly root: string;

  constructor(root = mkdtempSync(join(tmpdir(), "understudy-host-"))) {
    this.root = root;
    for (const folder of [
      "bin",
      "fake/active",
      "fake/enabled",
      "etc/systemd/system",
      "usr/local/sbin",
      "proc",
    ])
      mkdirSync(join(root, folder), { recursive: true });
    for (const name of ["systemctl", "nft", "ip", "journalctl"])
      symlinkSync(programs, join(root, "bin", name));
    this.write("/fake/addresses", "lo 127.0.0.1/8\neth0 10.20.0.15/24\n");
    this.write("/proc/sys/net/ipv4/conf/all/arp_ignore", "0\n");
    this.provision(readFileSync(programs, "utf8"));
  }

  /** Puts an engine where provisioning does; returns its hash. */
  provision(text: string): string {
    const sha256 = createHash("sha256").update(text).digest("hex");
    const path = `/usr/local/lib/understudy/${sha256}/understudy`;
    this.write(path, text);
    chmodSync(join(this.root, path), 0o755);
    return sha256;
  }

  /** Makes the provisioned engine the one that commands find, as a deploy does. */
  useEngine(): void {
    const target = `../lib/understudy/${engineSha256()}/understudy`;
    symlinkSync(target, join(this.root, "usr/local/sbin/understudy"));
  }

  /** Nobody reaches it any more, until it is plugged in again. */
  unplug(): void {
    this.write("/fake/unplugged", "");
  }
  plug(): void {
    rmSync(join(this.root, "fake/unplugged"));
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }
  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }
  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }
  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true });
  }

  /** The changes that programs were asked for since the last call. */
  log(): string[] {
    if (!this.has("/fake/log")) return [];
    const lines = this.read("/fake/log").trim().split("\n");
    this.remove("/fake/log");
    return lines;
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export const engineSha256 = (): string => createHash("sha256").update(readFileSync(programs)).digest("hex");

/** Opens the folder that a connection's `host` names. */
export const openFolder: Connect = (connection: Connection): Transport => ({
  run: (script, signal) =>
    new Promise((resolve, reject) => {
      const root = connection.host;
      if (existsSync(join(root, "fake/unplugged"))) return reject(new Unreachable("connection refused"));
      if (signal.aborted) return reject(signal.reason);
      const env = { ...process.env, UNDERSTUDY_ROOT: root, PATH: `${root}/bin:${process.env.PATH}` };
      const child = spawn("sh", ["-s"], { env });
      const kill = () => child.kill("SIGKILL");
      signal.addEventListener("abort", kill);
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (data) => {
        stdout += data;
      });
      child.stderr.on("data", (data) => {
        stderr += data;
      });
      child.on("close", (code) => {
        signal.removeEventListener("abort", kill);
        if (signal.aborted) reject(signal.reason);
        else resolve({ code: code ?? 1, stdout, stderr });
      });
      child.stdin.on("error", () => {});
      child.stdin.end(script);
    }),
});

const owner = `${userInfo().username}:${userInfo().username}`;

/** A host with an engine, one sysctl, one address, one rule; everything can be overridden. */
export function aHost(host: FolderHost, change: Partial<HostArgs> = {}): HostArgs {
  const config = "router db1\npassword @@auth@@\n";
  const files = {
    "/etc/understudy/understudy.conf": { content: config, mode: "0640", owner },
    "/etc/understudy/scripts/check.sh": { content: "#!/bin/sh\nexit 0\n", mode: "0755", owner },
    "/etc/understudy/rules.nft": {
      content: `#json ${mysqlRule("02:00:00:00:00:10")}\n`,
      mode: "0644",
      owner,
    },
    "/etc/systemd/system/understudy.service": { content: "[Service]\n", mode: "0644", owner },
    "/etc/systemd/system/understudy-network.service": { content: "[Service]\n", mode: "0644", owner },
    "/etc/sysctl.d/60-understudy.conf": {
      content: "net.ipv4.conf.all.arp_ignore = 1\n",
      mode: "0644",
      owner,
    },
  };
  return {
    connection: { host: host.root, port: 22, user: "root", knownHosts: [] },
    files,
    sysctls: { "net.ipv4.conf.all.arp_ignore": "1" },
    addresses: { lo: ["10.20.0.200/32"] },
    marks: {
      mysql: {
        interface: "eth0",
        address: "10.20.0.200",
        protocol: "tcp",
        port: 3306,
        mark: 2,
        exceptMacs: ["02:00:00:00:00:10"],
      },
    },
    accepts: {},
    units: {
      "understudy.service": { enabled: true, active: true },
      "understudy-network.service": { enabled: true, active: true },
    },
    engine: {
      sha256: engineSha256(),
      version: "0.1.0",
      loadedConfig: createHash("sha256").update(config).digest("hex"),
    },
    secrets: { auth: "hunter2" },
    ...change,
  };
}

/** The same host with another engine configuration. */
export function withConfig(args: HostArgs, content: string): HostArgs {
  const path = "/etc/understudy/understudy.conf";
  const file = { mode: "0640", owner, ...args.files[path], content };
  const loadedConfig = createHash("sha256").update(content).digest("hex");
  return {
    ...args,
    files: { ...args.files, [path]: file },
    ...(args.engine && { engine: { ...args.engine, loadedConfig } }),
  };
}

/** One mark rule as `nft -j` prints it. */
export function mysqlRule(mac: string): string {
  const match = (left: object, right: unknown, op = "==") => ({ match: { op, left, right } });
  const payload = (protocol: string, field: string) => ({ payload: { protocol, field } });
  const expr = [
    match({ meta: { key: "iifname" } }, "eth0"),
    match(payload("ether", "saddr"), mac, "!="),
    match(payload("ip", "daddr"), "10.20.0.200"),
    match(payload("tcp", "dport"), 3306),
    { mangle: { key: { meta: { key: "mark" } }, value: 2 } },
  ];
  return JSON.stringify({ nftables: [{ metainfo: {} }, { rule: { comment: "mysql", expr } }] });
}
