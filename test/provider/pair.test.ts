import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { holderOf, type MemberState, readyOf, troubles } from "../../infra/provider/pair/members.ts";
import { judgeAnswers, judgeArp, judgeCircling } from "../../infra/provider/pair/proof.ts";
import { pairResource } from "../../infra/provider/pair/resource.ts";
import type { PairArgs } from "../../infra/provider/pair/schema.ts";
import type { InstanceState } from "../../infra/provider/remote/engine-status.ts";
import type { Props } from "../../infra/provider/rpc.ts";
import { FolderHost, openFolder } from "../support/folder-host.ts";

const vip = "10.20.0.200/32";

function member(name: string, state: InstanceState | "down" | "unreachable", held = state === "MASTER") {
  if (state === "unreachable")
    return { name, code: 3, status: undefined, unreachable: "timed out" } satisfies MemberState;
  if (state === "down") return { name, code: 3, status: undefined, unreachable: "" } satisfies MemberState;
  const status = {
    version: "0.1.0",
    healthy: true,
    problems: state === "FAULT" ? ["mha failed 3 times"] : [],
    config: { sha256: "", stale: false, error: null },
    instances: [{ name: "read", state, vips: [{ address: vip, held }] }],
  };
  return { name, code: 0, status, unreachable: "" } satisfies MemberState;
}

describe("a pair as its members see it", () => {
  const rows: [string, MemberState[], string, string[], RegExp[]][] = [
    ["as wanted", [member("db1", "MASTER"), member("db2", "BACKUP")], "db1", ["db1", "db2"], []],
    [
      "the other one holds",
      [member("db1", "BACKUP"), member("db2", "MASTER")],
      "db2",
      ["db1", "db2"],
      [/^db2 holds 10.20.0.200\/32, db1 should$/],
    ],
    [
      "two holders",
      [member("db1", "MASTER"), member("db2", "MASTER")],
      "db1 and db2",
      ["db1", "db2"],
      [/^two holders: db1 and db2 both hold/],
    ],
    [
      "a backup that still has the address",
      [member("db1", "MASTER"), member("db2", "BACKUP", true)],
      "db1 and db2",
      ["db1", "db2"],
      [/^two holders/],
    ],
    [
      "nobody",
      [member("db1", "BACKUP"), member("db2", "FAULT")],
      "nobody",
      ["db1"],
      [/^db2 is in FAULT \(mha failed 3 times\)$/, /^nobody holds/],
    ],
    [
      "a master without the address",
      [member("db1", "MASTER", false), member("db2", "BACKUP")],
      "db1",
      ["db1", "db2"],
      [/^db1 is MASTER without 10.20.0.200\/32$/],
    ],
    [
      "an engine that is down",
      [member("db1", "MASTER"), member("db2", "down")],
      "db1",
      ["db1"],
      [/^db2: the engine is not running$/],
    ],
    [
      "an unreachable member",
      [member("db1", "MASTER"), member("db2", "unreachable")],
      "db1",
      ["db1"],
      [/^db2 is unreachable: timed out$/],
    ],
  ];
  test.each(rows)("%s", (_name, members, holder, ready, wrong) => {
    expect(holderOf(members, "read", [vip])).toBe(holder);
    expect(readyOf(members, "read")).toEqual(ready);
    const found = troubles(members, "read", [vip], "db1");
    expect(found).toHaveLength(wrong.length);
    for (const [index, pattern] of wrong.entries()) expect(found[index]).toMatch(pattern);
  });
});

describe("what the observer sees", () => {
  const connection = { host: "", port: 22, user: "root", knownHosts: [] };
  const members = [
    { name: "db1", connection, interface: "eth0", mac: "02:00:00:00:00:0f" },
    { name: "db2", connection, interface: "eth0", mac: "02:00:00:00:00:10" },
  ];
  const arp = (...macs: string[]) => judgeArp({ members }, { name: "client" }, "db1", "10.20.0.200", macs);
  const proof = { address: "10.20.0.200", port: 3306, ask: ["ask"], expect: ["db1", "db2"] };
  const circling = (a: string, b: string) =>
    judgeCircling(proof, { name: "client" }, [
      { name: "db1", text: `packets\t${a}\n` },
      { name: "db2", text: `packets\t${b}\n` },
    ]);

  const rows: [string, { seen: string[]; wrong: string[] }, RegExp, boolean][] = [
    ["one MAC", arp("02:00:00:00:00:0f"), /one MAC answers for 10.20.0.200: db1 \(02:00:00:00:00:0f\)/, true],
    [
      "two MACs",
      arp("02:00:00:00:00:0f", "02:00:00:00:00:10"),
      /answered by db1 \(.*0f\) and db2 \(.*10\); look at arp_ignore/,
      false,
    ],
    ["the wrong one", arp("02:00:00:00:00:10"), /answered by db2 \(.*\), not by db1/, false],
    ["no answer", arp(), /nobody answers/, false],
    [
      "both names",
      judgeAnswers(proof, "client", "ok\tdb1\nok\tdb2\nok\tdb1\n"),
      /3 of 3 connections to 10.20.0.200:3306 from client answered: db1 2, db2 1/,
      true,
    ],
    ["one name only", judgeAnswers(proof, "client", "ok\tdb1\nok\tdb1\n"), /db2 never answered in 2/, false],
    [
      "a refused one",
      judgeAnswers(proof, "client", "ok\tdb1\nok\tdb2\nfailed\tno route\n"),
      /1 of 3 connections .* failed: no route/,
      false,
    ],
    ["no answer at all", judgeAnswers(proof, "client", ""), /0 of 0 connections .* failed/, false],
    ["nothing circles", circling("10\t0", "5\t0"), /nothing circles/, true],
    [
      "packets that come back",
      circling("10\t7", "5\t0"),
      /circle between db1 and db2: 7 on db1 came back; compare the MACs/,
      false,
    ],
    ["nothing counted", circling("0\t0", "0\t0"), /is not proven/, true],
  ];
  test.each(rows)("%s", (_name, verdict, text, good) => {
    expect(good ? verdict.seen : verdict.wrong).toEqual([expect.stringMatching(text)]);
    expect(good ? verdict.wrong : verdict.seen).toEqual([]);
  });
});

describe("the pair resource", () => {
  const never = new AbortController().signal;
  const pair = pairResource(openFolder, { settleSeconds: 1 });
  let db1: FolderHost;
  let db2: FolderHost;
  beforeEach(() => {
    db1 = new FolderHost();
    db2 = new FolderHost();
    for (const host of [db1, db2]) host.useEngine();
    become(db1, "MASTER");
    become(db2, "BACKUP");
  });
  afterEach(() => {
    db1.dispose();
    db2.dispose();
  });

  function become(host: FolderHost, state: InstanceState): void {
    host.write("/etc/understudy/understudy.conf", "");
    host.write("/fake/active/understudy.service", "");
    const vips = [{ address: vip, held: state === "MASTER" }];
    host.write("/fake/instances", JSON.stringify({ name: "read", state, vips }));
  }

  function args(change: Partial<PairArgs> = {}): Props {
    const connection = (host: FolderHost) => ({ host: host.root, port: 22, user: "root", knownHosts: [] });
    const members = [
      { name: "db1", connection: connection(db1), interface: "eth0", mac: "02:00:00:00:00:0f" },
      { name: "db2", connection: connection(db2), interface: "eth0", mac: "02:00:00:00:00:10" },
    ];
    const whole: PairArgs = {
      instance: "read",
      members,
      vips: [vip],
      holder: "db1",
      ready: ["db1", "db2"],
      proofs: [],
      secrets: {},
      trigger: "1",
      ...change,
    };
    return JSON.parse(JSON.stringify(whole));
  }

  test("is as wanted when one holds and the other can", async () => {
    await pair.create("read", args(), never);
    const read = await pair.read("read", args(), never);
    expect(pair.diff(read.inputs ?? {}, args())).toEqual([]);
  });

  test("waits for a pair that is still settling", async () => {
    become(db1, "INIT");
    setTimeout(() => become(db1, "MASTER"), 300);
    await pair.create("read", args(), never);
  });

  test("shows a holder that should not be one, and leaves it where either may", async () => {
    become(db1, "BACKUP");
    become(db2, "MASTER");
    const read = async (a: Props) => pair.diff((await pair.read("read", a, never)).inputs ?? {}, a);
    expect(await read(args())).toEqual([{ path: "holder", kind: "update" }]);
    expect(await read(args({ holder: "" }))).toEqual([]);
    become(db1, "MASTER");
    expect(await read(args({ holder: "" }))).toEqual([{ path: "holder", kind: "update" }]);
  });

  test("fails with two holders, and says so", async () => {
    become(db2, "MASTER");
    await expect(pair.update("read", {}, args(), never)).rejects.toThrow(
      /^pair read: two holders: db1 and db2 both hold/,
    );
  });

  test("an unreachable member is missing from the ready ones, and the read goes on", async () => {
    db2.unplug();
    const read = await pair.read("read", args(), never);
    expect(pair.diff(read.inputs ?? {}, args())).toEqual([{ path: "ready", kind: "update" }]);
  });
});
