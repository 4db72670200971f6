import { describe, expect, test } from "vitest";
import { checkHost } from "../../infra/provider/host/check.ts";
import { hostResource } from "../../infra/provider/host/resource.ts";
import { pairResource } from "../../infra/provider/pair/resource.ts";
import { type Change, type Props, unknownValue } from "../../infra/provider/rpc.ts";

const nowhere = () => {
  throw new Error("a diff may not touch a host");
};
const host = hostResource(nowhere, { gateSeconds: 1, keep: 5 });

const mark = { interface: "eth0", address: "10.20.0.200", protocol: "tcp", port: 3306, mark: 2 };
const wanted = (): Props => ({
  connection: { host: "10.99.0.15", port: 22, user: "root", knownHosts: [] },
  files: { "/etc/a": { content: "a\n", mode: "0644", owner: "root:root" } },
  sysctls: { "net.ipv4.conf.all.arp_ignore": "1" },
  addresses: { lo: ["10.20.0.200/32"] },
  marks: { mysql: { ...mark, exceptMacs: ["02:00:00:00:00:10"] } },
  accepts: {
    vrrp: { protocol: "vrrp", sources: ["10.20.0.16"], destination: "any", port: 0 },
  },
  units: { "understudy.service": { enabled: true, active: true } },
  engine: { sha256: "aa", version: "0.1.0", loadedConfig: "bb" },
  secrets: { auth: "x" },
});

describe("paths of a host's differences", () => {
  const rows: [string, (live: Props) => void, Change[]][] = [
    ["nothing", () => {}, []],
    [
      "another content",
      set("files", "/etc/a", "content", "b"),
      [{ path: 'files["/etc/a"].content', kind: "update" }],
    ],
    [
      "another mode",
      set("files", "/etc/a", "mode", "0600"),
      [{ path: 'files["/etc/a"].mode', kind: "update" }],
    ],
    [
      "another owner",
      set("files", "/etc/a", "owner", "x:x"),
      [{ path: 'files["/etc/a"].owner', kind: "update" }],
    ],
    ["a missing file", set("files", {}), [{ path: 'files["/etc/a"]', kind: "add" }]],
    [
      "a sysctl",
      set("sysctls", "net.ipv4.conf.all.arp_ignore", "0"),
      [{ path: 'sysctls["net.ipv4.conf.all.arp_ignore"]', kind: "update" }],
    ],
    ["a missing address", set("addresses", "lo", []), [{ path: 'addresses["lo"]', kind: "update" }]],
    [
      "a stale MAC",
      set("marks", "mysql", "exceptMacs", ["02:00:00:00:00:99"]),
      [{ path: 'marks["mysql"].exceptMacs[0]', kind: "update" }],
    ],
    [
      "a rule too many",
      (live) => Object.assign(live.marks as Props, { extra: mark }),
      [{ path: 'marks["extra"]', kind: "delete" }],
    ],
    [
      "another peer let in",
      set("accepts", "vrrp", "sources", ["10.20.0.99"]),
      [{ path: 'accepts["vrrp"].sources[0]', kind: "update" }],
    ],
    [
      "a stopped unit",
      set("units", "understudy.service", "active", false),
      [{ path: 'units["understudy.service"].active', kind: "update" }],
    ],
    [
      "another configuration loaded",
      set("engine", "loadedConfig", "cc"),
      [{ path: "engine.loadedConfig", kind: "update" }],
    ],
    ["no engine", (live) => delete live.engine, [{ path: "engine", kind: "add" }]],
    ["another secret", set("secrets", "auth", "y"), [{ path: 'secrets["auth"]', kind: "update" }]],
    ["another way to reach it", set("connection", "host", "10.99.0.99"), []],
  ];
  test.each(rows)("%s", (_name, change, expected) => {
    const live = wanted();
    change(live);
    expect(host.diff(live, wanted())).toEqual(expected);
  });

  test("a value that a preview doesn't know yet is a change of it alone", () => {
    const news = wanted();
    (news.engine as Props).sha256 = unknownValue;
    expect(host.diff(wanted(), news)).toEqual([{ path: "engine.sha256", kind: "update" }]);
  });
});

/** Sets what lies at the path given by all arguments but the last. */
function set(...path: unknown[]): (live: Props) => void {
  return (live) => {
    const value = path.at(-1);
    const keys = path.slice(0, -1) as string[];
    let at = live;
    for (const key of keys.slice(0, -1)) at = at[key] as Props;
    at[keys.at(-1) ?? ""] = value as Props;
  };
}

describe("the inputs of a host", () => {
  const rows: [string, (inputs: Props) => void, string][] = [
    [
      "a path that is not absolute",
      (i) => Object.assign(i.files as Props, { "etc/b": {} }),
      'files["etc/b"]',
    ],
    ["a path that climbs", (i) => Object.assign(i.files as Props, { "/etc/../b": {} }), 'files["/etc/../b"]'],
    [
      "a sysctl that climbs",
      (i) => Object.assign(i.sysctls as Props, { "net.x/../y": "1" }),
      'sysctls["net.x/../y"]',
    ],
    ["a unit that is none", (i) => Object.assign(i.units as Props, { "a b": {} }), 'units["a b"]'],
    ["a host that is an option", (i) => set("connection", "host", "-oProxyCommand=x")(i), "connection.host"],
    ["no files", (i) => delete i.files, "files"],
  ];
  test.each(rows)("%s is refused", (_name, change, property) => {
    const inputs = wanted();
    change(inputs);
    expect(checkHost(inputs).failures.map((f) => f.property)).toEqual([property]);
  });

  test("are brought into the form that a read returns", () => {
    const inputs = wanted();
    Object.assign(inputs.files as Props, { "/etc/a": { content: "a" } });
    set("marks", "mysql", "exceptMacs", ["02:00:00:00:00:FF", "02:00:00:00:00:0A"])(inputs);
    const checked = checkHost(inputs).inputs;
    expect(checked.files).toEqual({ "/etc/a": { content: "a", mode: "0644", owner: "root:root" } });
    expect(checked.marks).toEqual({
      mysql: { ...mark, exceptMacs: ["02:00:00:00:00:0a", "02:00:00:00:00:ff"] },
    });
  });
});

test("a pair differs by holder, readiness and trigger, not by how it is reached", () => {
  const pair = pairResource(nowhere, { settleSeconds: 1 });
  const wantedPair = { holder: "db1", ready: ["db1", "db2"], trigger: "1", members: [{ name: "db1" }] };
  const live = { holder: "db2", ready: ["db2"], trigger: "0", members: [{ name: "other" }] };
  expect(pair.diff(live, wantedPair)).toEqual([
    { path: "holder", kind: "update" },
    { path: "ready", kind: "update" },
    { path: "trigger", kind: "update" },
  ]);
});
