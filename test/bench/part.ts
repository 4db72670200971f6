/** What the bench measures, in parts that run alone. */
import type { Work } from "./report.ts";

export interface Part {
  name: string;
  /** In a few words, for the list of parts. */
  title: string;
  /** Why it can't run on this machine; undefined if it can. */
  unavailable(): string | undefined;
  run(work: Work): Promise<void>;
}
