/** Understudy and keepalived as each other's peers: who holds the address after a start, a stop, a death, a return. */
import { beforeAll, describe, expect, it } from "vitest";
import { here, type Place, unavailable } from "../differential/place.ts";
import { type Case, cases, configuration, vipOf } from "./cases.ts";
import { type Name, openPair, type Pair } from "./pair.ts";

const why = unavailable();
if (why !== undefined) process.stderr.write(`Understudy and keepalived as peers: left out, ${why}\n`);

describe.skipIf(why !== undefined).concurrent("Understudy and keepalived as peers", () => {
  let place: Place;
  beforeAll(async () => {
    const found = await here();
    if (typeof found === "string") throw new Error(found);
    place = found;
  }, 600_000);

  const both: [better: Name, worse: Name][] = [
    ["understudy", "keepalived"],
    ["keepalived", "understudy"],
  ];
  for (const one of cases) {
    for (const [better, worse] of both) {
      it(`${one.name}: ${better} is better`, () => throughItsLife(one, better, worse));
    }
  }

  for (const [better, worse] of both) {
    it(`priority 0 of ${better} is heard`, async () => {
      // Nobody would miss it as quickly: the adverts that may be missed take longer than anybody waits here.
      const lines = () => "version 3\n    advert_int 0.3\n    down_timer_adverts 100";
      const silent = { name: "priority 0", lines: () => `${lines()}\n    priority 255\n    state MASTER` };
      const leaving = { name: "priority 0", lines };
      await withPair(
        (who) => configuration(who === better ? silent : leaving, better)(who),
        leaving,
        async (pair) => {
          await pair.start(better);
          await pair.until(better);
          await pair.start(worse);
          await pair.stays(better);
          await pair.stop(better);
          await pair.until(worse);
        },
      );
    });
  }

  async function withPair(
    conf: ReturnType<typeof configuration>,
    one: Case,
    work: (pair: Pair) => Promise<void>,
  ): Promise<void> {
    const pair = await openPair(place, vipOf(one), one.six ?? false, conf);
    try {
      await work(pair);
    } finally {
      pair.close();
    }
  }

  async function throughItsLife(one: Case, better: Name, worse: Name): Promise<void> {
    await withPair(configuration(one, better), one, async (pair) => {
      // Both hear each other: neither is alone, and only one holds it.
      await pair.start(better);
      // Without preemption the first one would win, whoever that is.
      if (one.nopreempt) await pair.until(better);
      await pair.start(worse);
      await pair.until(better);
      await pair.stays(better);

      await pair.stop(better);
      await pair.until(worse);

      await pair.start(better);
      const after = one.nopreempt ? worse : better;
      await pair.until(after);
      await pair.stays(after);
      const rest = after === better ? worse : better;

      // A dead one leaves its address behind; that the other takes it is what counts.
      await pair.kill(after);
      await pair.until(after, rest);

      await pair.start(after);
      const last = one.nopreempt ? rest : better;
      await pair.until(last);
      await pair.stays(last);
      expect(await pair.holders()).toEqual([last]);
    });
  }
});
