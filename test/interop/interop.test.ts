/** Understudy and keepalived as each other's peers: who holds the address after a start, a stop, a death, a return. */
import { beforeAll, describe, it } from "vitest";
import { here, type Place, unavailable } from "../differential/place.ts";
import { cases } from "./cases.ts";
import { leaving, roles, throughItsLife } from "./lives.ts";

const why = unavailable();
if (why !== undefined) process.stderr.write(`Understudy and keepalived as peers: left out, ${why}\n`);

describe.skipIf(why !== undefined).concurrent("Understudy and keepalived as peers", () => {
  let place: Place;
  beforeAll(async () => {
    const found = await here();
    if (typeof found === "string") throw new Error(found);
    place = found;
  }, 600_000);

  for (const [better, worse] of roles) {
    for (const one of cases.filter(({ lab }) => !lab)) {
      it(`${one.name}: ${better} is better`, () => throughItsLife(place, one, better, worse));
    }
    it(`priority 0 of ${better} is heard`, () => leaving(place, better, worse));
  }
});
