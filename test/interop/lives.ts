/** What two peers go through together; whoever does not hold the address when it should is an error. */
import type { Place } from "../differential/place.ts";
import { type Case, configuration, vipOf } from "./cases.ts";
import { type Name, openPair, type Pair } from "./pair.ts";

/** Both ways round. */
export const roles: readonly (readonly [better: Name, worse: Name])[] = [
  ["understudy", "keepalived"],
  ["keepalived", "understudy"],
];

async function withPair(
  place: Place,
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

/** A start, a planned stop, a return, a death, another return. */
export async function throughItsLife(place: Place, one: Case, better: Name, worse: Name): Promise<void> {
  await withPair(place, configuration(one, better), one, async (pair) => {
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
  });
}

/** That priority 0 is heard: the adverts that may be missed take longer than anybody waits here. */
export async function leaving(place: Place, better: Name, worse: Name): Promise<void> {
  const lines = "version 3\n    advert_int 0.3\n    down_timer_adverts 100";
  const patient = { name: "priority 0", lines: () => lines };
  const owner = { name: "priority 0", lines: () => `${lines}\n    priority 255\n    state MASTER` };
  const conf = (who: Name) => configuration(who === better ? owner : patient, better)(who);
  await withPair(place, conf, patient, async (pair) => {
    await pair.start(better);
    await pair.until(better);
    await pair.start(worse);
    await pair.stays(better);
    await pair.stop(better);
    await pair.until(worse);
  });
}
