/** The network unit's own commands, run in its order in a network namespace: what it starts, reloads and stops. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { inNamespace, missingFor } from "../support/namespace.ts";

const root = resolve("test/golden/mysql-read-vip/db1");
const unit = readFileSync(join(root, "etc/systemd/system/understudy-network.service"), "utf8");

/** The commands of one `Exec...=` in their order, with the files of the golden folder. */
function commands(directive: string): string[] {
  return [...unit.matchAll(new RegExp(`^${directive}=-?(.*)$`, "gm"))].map(([, command = ""]) =>
    command.replaceAll("/etc/", `${root}/etc/`),
  );
}

const show = [
  "ip -4 -o address show dev lo | awk '{ print $4 }' | grep -v ^127 || :",
  "nft list tables",
  "for key in all.arp_ignore all.arp_announce lo.arp_ignore eth0.send_redirects; do",
  `  echo "$key $(cat /proc/sys/net/ipv4/conf/$(echo $key | tr . /))"`,
  "done",
];
const applied = [
  "10.20.0.200/32",
  "table inet understudy",
  "all.arp_ignore 1",
  "all.arp_announce 2",
  "lo.arp_ignore 1",
  "eth0.send_redirects 0",
];

const missing = missingFor("ip", "nft", "/usr/sbin/sysctl");
describe.skipIf(missing !== undefined)(`the network unit ${missing ?? "by its commands"}`, () => {
  test("starts, and a reload changes nothing", () => {
    const started = inNamespace([...commands("ExecStart"), ...show].join("\n"), "10.20.0.11/24");
    expect(started.output.split("\n")).toEqual(applied);
    const again = [...commands("ExecStart"), ...commands("ExecReload"), ...show];
    expect(inNamespace(again.join("\n"), "10.20.0.11/24").output.split("\n")).toEqual(applied);
  });

  test("stops without leaving an address or a rule", () => {
    const stopped = inNamespace(
      [...commands("ExecStart"), ...commands("ExecStop"), ...show].join("\n"),
      "10.20.0.11/24",
    );
    expect(stopped.status).toBe(0);
    expect(stopped.output).not.toContain("10.20.0.200");
    expect(stopped.output).not.toContain("understudy");
  });
});
