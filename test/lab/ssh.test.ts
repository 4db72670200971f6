import { describe, expect, it } from "vitest";
import { placesOf } from "../../infra/lab/paths.ts";
import { knownHosts, sshConfig } from "../../infra/lab/ssh.ts";

describe("known_hosts", () => {
  it("has each host by its name and its address in mgmt, without the key's comment", () => {
    const keys = new Map([
      ["db1", "ssh-ed25519 AAAA db1\n"],
      ["client", "ssh-ed25519 BBBB\n"],
    ] as const);
    expect(knownHosts(keys)).toBe("db1,10.99.0.15 ssh-ed25519 AAAA\nclient,10.99.0.10 ssh-ed25519 BBBB\n");
  });
});

describe("the configuration of ssh", () => {
  const config = sshConfig(placesOf("lab"));

  it("takes only keys that are known beforehand", () => {
    expect(config).toContain("StrictHostKeyChecking yes");
    expect(config).toContain("GlobalKnownHostsFile /dev/null");
  });

  it("reaches each host over mgmt", () => {
    expect(config).toContain("Host db3\n  HostName 10.99.0.17\n");
  });

  it("has sockets whose path is short enough for the kernel, with the suffix that ssh appends meanwhile", () => {
    const longest = placesOf("a".repeat(16));
    const path = /ControlPath (\S+)/.exec(sshConfig(longest))?.[1] ?? "";
    expect(path.replace("%n", "client").length + 18).toBeLessThan(108);
  });
});
