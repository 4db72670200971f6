/** Rendered files before those who know their language: keepalived, nft, iptables and sh, in namespaces of their own. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { loadTemplates } from "../../infra/deploy/templates.ts";
import { connects, getsHttp } from "../../infra/model/check.ts";
import { plan } from "../../infra/plan/plan.ts";
import { render } from "../../infra/render/render.ts";
import { anEnvironment, aSite, aSiteInput, someHosts } from "../support/builders.ts";
import { inNamespace, missingFor } from "../support/namespace.ts";

const weighted = { kind: "script" as const, script: "check_manager.sh", weight: -40 };
const golden = resolve("test/golden");
const filesNamed = (pattern: RegExp) =>
  readdirSync(golden, { recursive: true, encoding: "utf8" })
    .filter((path) => pattern.test(path))
    .sort();

const noKeepalived = missingFor("keepalived", "ip");
describe.skipIf(noKeepalived !== undefined)(`keepalived ${noKeepalived ?? "reads the configuration"}`, () => {
  test.each(filesNamed(/etc\/understudy\/understudy\.conf$/))("%s", (path) => {
    expect(tested(readFileSync(join(golden, path), "utf8"))).toEqual({ status: 0, output: "" });
  });

  test.each([
    ["TCP_CHECK under NAT", { service: { forward: "nat" as const, check: connects(), persistence: 50 } }],
    ["HTTP_GET", { service: { check: getsHttp("/healthz", { status: 200, host: "db.example.org" }) } }],
    ["multicast, no preemption", { pair: { transport: "multicast" as const, preempt: false } }],
    ["a delay before preemption", { pair: { preemptDelay: "30s" as const } }],
    ["version 3", { pair: { adverts: "100ms" as const } }],
    [
      "a process",
      { pair: { track: { db: { kind: "process" as const, process: "mariadbd", delay: "1s" as const } } } },
    ],
    [
      "a group",
      {
        site: {
          groups: { both: ["read", "write"] },
          pairs: {
            read: { members: ["db1", "db2"], vips: ["10.20.0.200"], track: { db: weighted } },
            write: { members: ["db1", "db2"], vips: ["10.20.0.201"], track: { db: weighted } },
          },
        },
      },
    ],
    [
      "keywords by name",
      {
        pair: {
          keywords: { garp_master_refresh: "60", virtual_routes: ["192.0.2.0/24 via 10.20.0.1 dev eth0"] },
        },
      },
    ],
  ])("%s", (_, changed) => {
    const { hosts } = plan(aSite(aSiteInput(changed)), anEnvironment(), someHosts());
    const files = render(hosts.db1!, loadTemplates("templates"));
    expect(tested(files["/etc/understudy/understudy.conf"]!.content)).toEqual({ status: 0, output: "" });
  });

  test("and refuses a keyword that it does not know", () => {
    const text = readFileSync(join(golden, "haproxy-pair/lb1/etc/understudy/understudy.conf"), "utf8");
    const { status, output } = tested(text.replace("virtual_router_id", "virtual_routr_id"));
    expect(status).not.toBe(0);
    expect(output).toContain("virtual_routr_id");
  });
});

/** The scripts must be there and belong to root, the script user need not exist here, a secret has a value. */
function tested(text: string) {
  const here = text
    .replaceAll("/etc/understudy/scripts/", "/mnt/")
    .replace(/^(\s*script_user\s+)understudy$/m, "$1root")
    .replaceAll(/@@[\w-]+@@/g, "s3cret");
  const scripts = [...here.matchAll(/\/mnt\/[\w.-]+/g)].map(([path]) => path);
  const lines = [
    "mount -t tmpfs none /mnt",
    ...scripts.map((path) => `printf '#!/bin/sh\\n' >${path}; chmod 0755 ${path}`),
    `cat >/mnt/conf <<'END'\n${here}END`,
    "keepalived --config-test --use-file /mnt/conf",
  ];
  return inNamespace(lines.join("\n"), "10.20.0.11/24", "10.20.0.21/24");
}

const noNft = missingFor("nft", "ip");
describe.skipIf(noNft !== undefined)(
  `nft ${noNft ?? "loads the rules, twice, and has the same ones"}`,
  () => {
    test.each(filesNamed(/rules\.nft$/))("%s", (path) => {
      const file = join(golden, path);
      const { status, output } = inNamespace(
        `nft -f ${file}; nft -f ${file}; nft list table inet understudy`,
      );
      expect(status, output).toBe(0);
      const named = (text: string) => [...text.matchAll(/comment "([^"]+)"/g)].map(([, name]) => name);
      expect(named(output)).toEqual(named(readFileSync(file, "utf8")));
    });

    test.each(filesNamed(/behind-nftables.*open-firewall\.sh$/))("%s", (path) => {
      const script = join(golden, path);
      const { status, output } = inNamespace(
        [
          "printf 'table inet filter {\nchain input {\ntype filter hook input priority filter; policy drop; ct state established accept\n}\n}\n' | nft -f -",
          `sh ${script}; sh ${script}; nft list chain inet filter input`,
        ].join("\n"),
      );
      expect(status, output).toBe(0);
      expect(output.match(/comment "understudy:/g)).toHaveLength(3);
      expect(output.indexOf("understudy:vrrp-read")).toBeLessThan(output.indexOf("ct state established"));
    });
  },
);

const noIptables = missingFor("iptables", "ip");
describe.skipIf(noIptables !== undefined)(
  `iptables ${noIptables ?? "takes the rules before its own"}`,
  () => {
    test.each(filesNamed(/behind-iptables.*open-firewall\.sh$/))("%s", (path) => {
      const script = join(golden, path);
      const own = "iptables -P INPUT DROP; iptables -A INPUT -j REJECT";
      const { status, output } = inNamespace(`${own}; sh ${script}; sh ${script}; iptables -S INPUT`);
      expect(status, output).toBe(0);
      expect(output.match(/understudy:/g)).toHaveLength(2);
      expect(output.indexOf("understudy:edge-80")).toBeLessThan(output.indexOf("-j REJECT"));
    });
  },
);

test.each(filesNamed(/\.sh$/))("sh can read %s", (path) => {
  const { status, stderr } = spawnSync("sh", ["-n", join(golden, path)], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
