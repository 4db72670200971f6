/** Two hosts at one moment: what is the same, what is not, and which of that is known. */
import { type Known, known } from "./known.ts";
import type { Moment } from "./moments.ts";
import { kinds, type Snapshot } from "./snapshot.ts";

export interface Difference {
  readonly moment: string;
  readonly key: string;
  /** Undefined where it is not there at all. */
  readonly keepalived: string | undefined;
  readonly understudy: string | undefined;
  /** The heading of the quirk that explains it. */
  readonly quirk?: string;
}

const order = (key: string): number => kinds.indexOf(key.split(" ")[0] ?? "");

/** All differences, those that are known as well. */
export function differences(
  file: string,
  moment: string,
  theirs: Snapshot,
  ours: Snapshot,
  announcements: Moment["announcements"],
): Difference[] {
  const matters = (key: string) =>
    !key.startsWith("announce") ||
    announcements === "how often" ||
    (announcements === "whether" && theirs.has(key) !== ours.has(key));
  const keys = [...new Set([...theirs.keys(), ...ours.keys()])].sort((a, b) => order(a) - order(b));
  return keys
    .filter((key) => theirs.get(key) !== ours.get(key))
    .filter(matters)
    .map((key) => {
      const found = { moment, key, keepalived: theirs.get(key), understudy: ours.get(key) };
      const quirk = quirkOf(file, found);
      return quirk === undefined ? found : { ...found, quirk };
    });
}

function quirkOf(file: string, { moment, key, keepalived, understudy }: Difference): string | undefined {
  const fits = (one: Known) =>
    (one.file === undefined || one.file.test(file)) &&
    (one.moment === undefined || one.moment.test(moment)) &&
    one.key.test(key) &&
    (one.holds === undefined || one.holds(keepalived, understudy));
  return known.find(fits)?.quirk;
}
