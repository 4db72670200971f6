/** Runs the tour's steps in order: each is timed, shown, and recorded; the first that fails ends the tour. */
import type { Screen } from "../machine/progress.ts";
import { startProgress } from "./progress.ts";

export interface Step {
  name: string;
  /** Does the work; `doing` names what is under way. Resolves to the detail of the line; throws if it did not hold. */
  run(doing: (what: string) => void): Promise<string>;
}

export interface StepResult {
  name: string;
  ok: boolean;
  seconds: number;
  detail: string;
}

export async function runSteps(steps: Step[], screen: Screen): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) {
    const progress = startProgress(step.name, screen);
    const started = performance.now();
    const finish = (ok: boolean, detail: string) => {
      results.push({ name: step.name, ok, seconds: (performance.now() - started) / 1000, detail });
      progress.end(ok, detail.split("\n")[0]!);
    };
    try {
      finish(true, await step.run((what) => progress.doing(what)));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      finish(false, text);
      screen.write(text.includes("\n") ? `${indent(text)}\n` : "");
      return results;
    }
  }
  return results;
}

const indent = (text: string): string => text.replaceAll(/^/gm, "    ");
