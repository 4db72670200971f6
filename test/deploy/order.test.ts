import { expect, test } from "vitest";
import { rolloutOrder } from "../../infra/deploy/order.ts";
import type { HostPlan } from "../../infra/plan/host-plan.ts";
import type { PairPlan } from "../../infra/plan/pair-plan.ts";

/** A plan of the given hosts and pairs; each pair's members are written standby first. */
function aPlan(hosts: string[], pairs: Record<string, { rollout: string[]; servers?: string[] }>) {
  const pair = (instance: string, rollout: string[], servers: string[]) =>
    ({ instance, rollout, needs: [...rollout, ...servers] }) as unknown as PairPlan;
  return {
    hosts: Object.fromEntries(hosts.map((name) => [name, { name } as HostPlan])),
    pairs: Object.fromEntries(
      Object.entries(pairs).map(([name, { rollout, servers }]) => [name, pair(name, rollout, servers ?? [])]),
    ),
  };
}

const s5 = aPlan(["db1", "db2", "db3"], { read: { rollout: ["db2", "db1"], servers: ["db3"] } });

const rows: [
  string,
  ReturnType<typeof aPlan>,
  Record<string, string[]>,
  string[],
  Record<string, string[]>,
][] = [
  [
    "real servers, the standby, the preferred member",
    s5,
    {},
    [],
    { db3: [], db2: ["db3"], db1: ["db3", "db2"] },
  ],
  [
    "whoever holds the VIPs now comes last",
    s5,
    { db2: ["read"] },
    [],
    { db3: [], db1: ["db3"], db2: ["db3", "db1"] },
  ],
  [
    "an unreachable server comes last, and nobody waits for it",
    s5,
    {},
    ["db3"],
    { db2: [], db1: ["db2"], db3: ["db1", "db2"] },
  ],
  ["an unreachable standby holds nobody up", s5, {}, ["db2"], { db3: [], db1: ["db3"], db2: ["db1", "db3"] }],
  [
    "two pairs that back each other up are no circle",
    aPlan(["a", "b"], { one: { rollout: ["b", "a"] }, two: { rollout: ["a", "b"] } }),
    {},
    [],
    { b: [], a: ["b"] },
  ],
  [
    "pairs that share no host go side by side",
    aPlan(["a", "b", "c", "d"], { one: { rollout: ["b", "a"] }, two: { rollout: ["d", "c"] } }),
    {},
    [],
    { b: [], d: [], a: ["b"], c: ["d"] },
  ],
];
test.each(rows)("%s", (_name, plan, holding, unreachable, expected) => {
  const order = rolloutOrder(plan, holding, unreachable);
  const sorted = Object.fromEntries(Object.entries(order).map(([host, before]) => [host, before.sort()]));
  expect(sorted).toEqual(
    Object.fromEntries(Object.entries(expected).map(([host, before]) => [host, before.sort()])),
  );
});
