import { expect, test } from "vitest";
import { someFacts, someHosts } from "../../support/builders.ts";
import { findingsOf } from "../../support/judge.ts";

type Tool = "iptables" | "nftables" | "firewalld" | "ufw";
const behind = (tool: Tool, dropsInput = true) =>
  someHosts({ db2: someFacts(12, { firewall: { dropsInput, stateful: false, tool } }) });

test.each([
  [
    "firewalld",
    `--add-rich-rule='rule family="ipv4" source address="10.20.0.11" destination address="10.20.0.12" protocol value="vrrp" accept'`,
  ],
  ["ufw", "ufw allow proto vrrp from 10.20.0.11 to 10.20.0.12"],
] as const)("%s rebuilds its rules: what it must be told is printed", (tool, command) => {
  const [found] = findingsOf("firewall-drops", {}, {}, behind(tool));
  expect(found).toMatchObject({ severity: "warning", place: "hosts.db2" });
  expect(found?.remedy).toContain(command);
});

test.each(["iptables", "nftables"] as const)("into %s the rules are put", (tool) => {
  expect(findingsOf("firewall-drops", {}, {}, behind(tool))).toMatchObject([{ severity: "note" }]);
});

test("a firewall that lets everything in needs nothing", () => {
  expect(findingsOf("firewall-drops", {}, {}, behind("ufw", false))).toEqual([]);
});
