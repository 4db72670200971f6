/** What the tour found, for programs: `npm start -- --report FILE`. */
import type { StepResult } from "./steps.ts";

export interface Report {
  steps: StepResult[];
  /** The client's longest time without an answer at the power cut, milliseconds; null if it was not measured. */
  gap_ms: number | null;
  /** The protocol's bound for it, milliseconds. */
  bound_ms: number | null;
  /** Answers by server. */
  balance: Record<string, number>;
}

/**
 * The longest time after which a backup has taken over from a master that fell silent:
 * Master_Down_Interval (RFC 3768 §6.1, RFC 9568 §6.1) counted from the last advert.
 *
 * @param advertMs interval between adverts, milliseconds
 * @param priority effective priority of the backup, 1..254
 * @param missed adverts that may be missed, 3 by default
 */
export function masterDownMs(advertMs: number, priority: number, missed = 3): number {
  const skew = ((256 - priority) / 256) * advertMs;
  return missed * advertMs + skew;
}
