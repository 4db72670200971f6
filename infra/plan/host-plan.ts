/** What the planner decides for one host; `render` turns it into files, `deploy` into resources. */
import type { AcceptRule, MarkRule, UnitState } from "../provider/host/schema.ts";

/** How grave a finding is: an error stops the deploy, a warning is shown with it. */
export type Severity = "error" | "warning" | "note";

/** One mistake or remark about the user's site; the same five fields as the engine's diagnostics. */
export interface Finding {
  /** Stable name of the rule, as `weight-below-gap`. */
  code: string;
  severity: Severity;
  /** Path in the site, as `pairs.read.track.mha.weight`. */
  place: string;
  /** What is wrong, with the user's names, the number found and the number needed. */
  message: string;
  /** The way out; empty when there is none to suggest. */
  remedy: string;
}

/** One value that was derived rather than typed, with its reason: shown in the preview. */
export interface Derived {
  /** As `VRID 51`. */
  what: string;
  /** As `lowest free on segment 10.20.0.0/24`. */
  why: string;
}

/** The parts of a plan that are not files. The engine's configuration and the scripts are `render`'s input. */
export interface HostState {
  sysctls: Record<string, string>;
  addresses: Record<string, string[]>;
  marks: Record<string, MarkRule>;
  accepts: Record<string, AcceptRule>;
  units: Record<string, UnitState>;
}
