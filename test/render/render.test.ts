import { expect, test } from "vitest";
import { loadTemplates } from "../../infra/deploy/templates.ts";
import { connects, getsHttp } from "../../infra/model/check.ts";
import { runs } from "../../infra/model/track.ts";
import { plan } from "../../infra/plan/plan.ts";
import { RenderError, render } from "../../infra/render/render.ts";
import { anEnvironment, aSite, aSiteInput, someHosts } from "../support/builders.ts";
import { confLines } from "../support/conf-words.ts";

const templates = loadTemplates("templates");
const config = "/etc/understudy/understudy.conf";

function rendered(changed: Parameters<typeof aSiteInput>[0] = {}, host = "db1") {
  const { hosts } = plan(aSite(aSiteInput(changed)), anEnvironment(), someHosts());
  return render(hosts[host]!, templates);
}

/** The lines of one block, without the blocks inside of it. */
function block(text: string, ...head: string[]): string[] {
  const lines = confLines(text);
  const start = lines.findIndex((line) => line.join(" ") === head.join(" "));
  const found: string[] = [];
  let depth = 0;
  for (const line of lines.slice(start + 1)) {
    if (line[0] === "}" && --depth === 0) break;
    if (depth === 1 && line[0] !== "{" && line[0] !== "}") found.push(line.join(" "));
    if (line[0] === "{") depth += 1;
  }
  return found;
}

const confOf = (changed: Parameters<typeof aSiteInput>[0]) => rendered(changed)[config]?.content ?? "";

test("a keyword by name replaces the derived line, comes last where there is none, or takes a line away", () => {
  const keywords = {
    advert_int: "3",
    garp_master_delay: 2,
    skip_check_adv_addr: true,
    state: false,
    virtual_routes: ["192.0.2.0/24 via 10.20.0.1", "198.51.100.0/24 dev eth0"],
  };
  const text = confOf({ pair: { keywords } });
  const lines = block(text, "vrrp_instance", "read");
  expect(lines).toContain("advert_int 3");
  expect(lines.filter((line) => line.startsWith("advert_int"))).toHaveLength(1);
  expect(lines).not.toContain("state BACKUP");
  expect(lines.slice(-3)).toEqual(["garp_master_delay 2", "skip_check_adv_addr", "virtual_routes"]);
  expect(block(text, "virtual_routes")).toEqual(["192.0.2.0/24 via 10.20.0.1", "198.51.100.0/24 dev eth0"]);
});

test("keywords of the site, a service and a server land in their blocks", () => {
  const text = confOf({
    site: { keywords: { vrrp_garp_interval: "0.001" } },
    service: {
      keywords: { lb_algo: "wlc", alpha: true },
      servers: [{ server: "db1", keywords: { uthreshold: "100" } }],
    },
  });
  expect(block(text, "global_defs")).toContain("vrrp_garp_interval 0.001");
  const service = block(text, "virtual_server", "fwmark", "1");
  expect(service).toContain("lb_algo wlc");
  expect(service).not.toContain("lb_algo rr");
  expect(service).toContain("alpha");
  expect(block(text, "real_server", "10.20.0.11")).toEqual(["weight 1", "uthreshold 100", "MISC_CHECK"]);
});

test("a marked service has neither protocol nor ports; its checks say the port", () => {
  const text = confOf({ service: { check: connects({ timeout: "2s" }) } });
  expect(block(text, "virtual_server", "fwmark", "1")).not.toContain("protocol TCP");
  expect(block(text, "TCP_CHECK")).toEqual([
    "connect_port 3306",
    "connect_timeout 2",
    "retry 3",
    "delay_before_retry 3",
  ]);
});

test("a service by address has both", () => {
  const text = confOf({ service: { forward: "nat", quorum: 2, persistence: 50, sorry: "10.20.0.99:80" } });
  expect(block(text, "virtual_server", "10.20.0.200", "3306")).toEqual([
    "delay_loop 10",
    "lb_algo rr",
    "lb_kind NAT",
    "protocol TCP",
    "persistence_timeout 50",
    "quorum 2",
    "sorry_server 10.20.0.99 80",
    "real_server 10.20.0.11 3306",
    "real_server 10.20.0.12 3306",
    "real_server 10.20.0.13 3306",
  ]);
});

test("a page is asked for over HTTP or TLS", () => {
  const check = getsHttp("/healthz", { status: 200, host: "api.example.org", tls: true, every: "2s" });
  const text = confOf({ service: { check } });
  expect(block(text, "SSL_GET")).toContain("virtualhost api.example.org");
  expect(block(text, "url")).toEqual(["path /healthz", "status_code 200"]);
});

test("adverts below a second are version 3, and multicast has no peers", () => {
  const lines = block(
    confOf({ pair: { adverts: "200ms", transport: "multicast", preempt: false } }),
    "vrrp_instance",
    "read",
  );
  expect(lines).toEqual(
    expect.arrayContaining(["version 3", "advert_int 0.2", "nopreempt", "mcast_src_ip 10.20.0.11"]),
  );
  expect(lines).not.toContain("unicast_peer");
});

test("a secret is never in a file, nor a password on a command line", () => {
  const files = rendered({ pair: { auth: "read-vrrp" } });
  expect(files[config]).toMatchObject({ mode: "0600", owner: "root:root" });
  expect(files[config]?.content).toContain('auth_pass "@@read-vrrp@@"');
  expect(files["/etc/understudy/secrets/mysql.cnf"]).toMatchObject({
    mode: "0600",
    owner: "understudy:understudy",
  });
  expect(files["/etc/understudy/secrets/mysql.cnf"]?.content).toContain('password="@@monitor-password@@"');
  expect(files["/etc/understudy/scripts/check-mysql.sh"]?.content).not.toMatch(/--password|-p['"@]/);
});

test("a script given as text lands as it is; one on the host already is only called", () => {
  const track = {
    own: runs({ text: "#!/bin/sh\nexit 0" }),
    theirs: runs("/opt/check", { args: ["a b", "c"] }),
  };
  const files = rendered({ pair: { track } });
  expect(files["/etc/understudy/scripts/own.sh"]).toEqual({
    content: "#!/bin/sh\nexit 0\n",
    mode: "0755",
    owner: "root:root",
  });
  expect(block(files[config]!.content, "vrrp_script", "theirs")[0]).toBe("script /opt/check 'a b' c");
});

test("a script that is no template is named with those that are", () => {
  expect(() => rendered({ pair: { track: { x: runs("check_manger.sh") } } })).toThrow(RenderError);
  expect(() => rendered({ pair: { track: { x: runs("check_manger.sh") } } })).toThrow(
    "did you mean `scripts/check_manager.sh`",
  );
});

test("a template that asks for what its view lacks is an error, not an empty word", () => {
  const broken = new Map([...templates, ["sysctl.conf", "{{sit}}"]]);
  const { hosts } = plan(aSite(aSiteInput()), anEnvironment(), someHosts());
  expect(() => render(hosts.db1!, broken)).toThrow(/template sysctl.conf: .*sit/);
});

test("the same site gives the same files, in whatever order its keys were written", () => {
  const { name, hosts, pairs, services } = aSiteInput();
  const turned = plan(aSite({ services, pairs, hosts, name } as never), anEnvironment(), someHosts());
  expect(render(turned.hosts.db1!, templates)).toEqual(rendered());
});

test("a server alone gets no engine, no unit of it, and no secret", () => {
  expect(Object.keys(rendered({}, "db3"))).toEqual([
    "/etc/sysctl.d/60-understudy.conf",
    "/etc/systemd/system/understudy-network.service",
    "/etc/understudy/rules.nft",
  ]);
});

test("kernel settings come before rules, and rules before addresses", () => {
  const unit = rendered()["/etc/systemd/system/understudy-network.service"]!.content;
  const order = ["sysctl --quiet", "nft -f", "ip address replace 10.20.0.200/32 dev lo"].map((part) =>
    unit.indexOf(`=/usr/sbin/${part}`),
  );
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order.every((at) => at > 0)).toBe(true);
});

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["mail.example.org:587", "mail.example.org 587"],
  ["2001:db8::25", "2001:db8::25"],
  ["[2001:db8::25]:587", "2001:db8::25 587"],
])("the mail server %s", (server, expected) => {
  const mail = { to: ["ops@example.org"], from: "lb@example.org", server };
  expect(block(confOf({ site: { mail } }), "global_defs")).toContain(`smtp_server ${expected}`);
});
