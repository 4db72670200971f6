/** Every file of the sites, as it lands on each host: `UPDATE=1` rewrites, the diff is read. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { loadTemplates } from "../../infra/deploy/templates.ts";
import type { SiteInput } from "../../infra/model/site.ts";
import { type Facts, plan } from "../../infra/plan/plan.ts";
import { render } from "../../infra/render/render.ts";
import haproxyPair from "../../infra/sites/haproxy-pair.ts";
import mysqlReadVip from "../../infra/sites/mysql-read-vip.ts";
import { anEnvironment, aSite, someFacts, someHosts } from "../support/builders.ts";

const golden = "test/golden";
const templates = loadTemplates("templates");
const guarded = (n: number, tool: "iptables" | "nftables") =>
  someFacts(n, { firewall: { dropsInput: true, stateful: true, tool } });

const cases: [folder: string, site: SiteInput, facts: Facts][] = [
  ["mysql-read-vip", mysqlReadVip, someHosts()],
  ["mysql-read-vip-behind-nftables", mysqlReadVip, someHosts({ db2: guarded(12, "nftables") })],
  ["haproxy-pair", haproxyPair, someHosts()],
  ["haproxy-pair-behind-iptables", haproxyPair, someHosts({ lb2: guarded(22, "iptables") })],
];

/** Variants of a site differ on the host that is behind a firewall only. */
function filesOf(folder: string, site: SiteInput, facts: Facts): Map<string, string> {
  const { hosts } = plan(aSite(site), anEnvironment(), facts);
  const shown = Object.values(hosts).filter(
    ({ openFirewall }) => !folder.includes("-behind-") || openFirewall !== "none",
  );
  return new Map(
    shown.flatMap((host) =>
      Object.entries(render(host, templates)).map(
        ([path, { content }]) => [join(host.name, path), content] as const,
      ),
    ),
  );
}

test.each(cases)("%s", (folder, site, facts) => {
  const root = join(golden, folder);
  const files = filesOf(folder, site, facts);
  if (process.env.UPDATE === "1") {
    rmSync(root, { recursive: true, force: true });
    for (const [path, content] of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
  }
  const committed = existsSync(root)
    ? readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    : [];
  expect(committed.sort()).toEqual([...files.keys()].sort());
  for (const [path, content] of files) expect(content, path).toBe(readFileSync(join(root, path), "utf8"));
});
