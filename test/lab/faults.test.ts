import { describe, expect, it } from "vitest";
import { faultCounts, faultRules } from "../../infra/lab/faults.ts";

describe("a fault", () => {
  it("that parts two hosts drops both directions, counted under one name", () => {
    expect(faultRules({ kind: "partition", a: "db1", b: "db2", network: "front" })).toEqual([
      'add rule bridge lab forward iifname "db1-front" oifname "db2-front" counter drop comment "partition db1 db2 front"',
      'add rule bridge lab forward iifname "db2-front" oifname "db1-front" counter drop comment "partition db1 db2 front"',
    ]);
  });

  it("that blocks one direction leaves the other alone", () => {
    const rules = faultRules({ kind: "block", from: "db1", to: "db2", network: "back" });
    expect(rules).toHaveLength(1);
    expect(rules[0]).toContain('iifname "db1-back" oifname "db2-back" counter drop');
  });

  it("that isolates a host cuts it off from the machine itself too", () => {
    const rules = faultRules({ kind: "isolate", host: "lb1", network: "front" });
    const chains = rules.map((rule) => rule.split(" ").slice(4, 7).join(" "));
    expect(chains).toEqual([
      'forward iifname "lb1-front"',
      'forward oifname "lb1-front"',
      'input iifname "lb1-front"',
      'output oifname "lb1-front"',
    ]);
  });

  it("that loses some frames counts only those that it loses", () => {
    const [rule] = faultRules({ kind: "loss", from: "db1", to: "client", percent: 30, network: "front" });
    expect(rule).toContain("numgen random mod 100 < 30 counter drop");
  });
});

describe("the counters", () => {
  it("of one fault's rules are added up", () => {
    const rule = (comment: string | undefined, packets: number) => ({
      rule: { comment, expr: [{ match: {} }, { counter: { packets, bytes: 64 * packets } }, { drop: null }] },
    });
    const listing = {
      nftables: [
        { metainfo: { version: "1.0.6" } },
        { table: { family: "bridge", name: "lab" } },
        rule("partition db1 db2 front", 3),
        rule("partition db1 db2 front", 4),
        rule(undefined, 9),
        rule("isolate lb1 back", 0),
      ],
    };
    expect(faultCounts(JSON.stringify(listing))).toEqual([
      { fault: "partition db1 db2 front", frames: 7 },
      { fault: "isolate lb1 back", frames: 0 },
    ]);
  });
});
