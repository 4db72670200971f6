/** Virtual router identifiers: one per pair, unique on a segment. */

/** The first identifier that is given out: low ones are what people type by hand. */
const first = 51;

export interface VridWish {
  pair: string;
  segment: string;
  /** Typed by the user. */
  wanted?: number | undefined;
}

/** By pair: the lowest free identifier of its segment from 51 on, then from 1 on; typed ones are taken first. */
export function allocateVrids(wishes: readonly VridWish[], reserved: readonly number[]): Map<string, number> {
  const taken = new Map<string, Set<number>>();
  const onSegment = (segment: string) => {
    const known = taken.get(segment) ?? new Set(reserved);
    taken.set(segment, known);
    return known;
  };
  for (const { segment, wanted } of wishes) if (wanted !== undefined) onSegment(segment).add(wanted);
  const given = new Map<string, number>();
  for (const { pair, segment, wanted } of wishes) {
    const vrid = wanted ?? lowestFree(onSegment(segment));
    if (vrid === undefined) continue;
    onSegment(segment).add(vrid);
    given.set(pair, vrid);
  }
  return given;
}

function lowestFree(taken: ReadonlySet<number>): number | undefined {
  for (let vrid = first; vrid <= 255; vrid++) if (!taken.has(vrid)) return vrid;
  for (let vrid = 1; vrid < first; vrid++) if (!taken.has(vrid)) return vrid;
  return undefined;
}
