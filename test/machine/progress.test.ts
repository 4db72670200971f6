import { expect, test, vi } from "vitest";
import { liveLine, type Screen, underTitle } from "../../infra/machine/progress.ts";

function screen(isTTY: boolean): Screen & { text: string } {
  return {
    ...{ isTTY, columns: 40, text: "" },
    write(text) {
      this.text += text;
    },
  };
}

test("on a terminal a line is redrawn in place, no longer than the terminal is wide", () => {
  const out = screen(true);
  const live = liveLine(() => "x".repeat(60), out);
  live.changed();
  expect(out.text).toBe(`\r\x1b[2K${"x".repeat(39)}`);
  live.end("done");
  expect(out.text.endsWith("\r\x1b[2Kdone\n")).toBe(true);
});

test("elsewhere there is a line every ten seconds, however often it changes", () => {
  const out = screen(false);
  let now = 0;
  const live = liveLine(
    (seconds) => `${seconds} s`,
    out,
    () => now,
  );
  for (now = 0; now <= 25_000; now += 100) live.changed();
  live.end();
  expect(out.text).toBe("10 s\n20 s\n");
});

test("work under a title is shown with what it does and how it ends", async () => {
  const out = screen(true);
  const work = async (tell: (what: string) => void) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    tell("compiling");
    return 7;
  };
  expect(await underTitle("engine", work, { screen: out })).toBe(7);
  expect(out.text).toMatch(/engine \.\.\. 0\.0 s {2}compiling.*engine: done, 0\.0 s\n$/s);
});

test("work that fails says so, and its error comes through", async () => {
  const out = screen(false);
  const work = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    throw new Error("no compiler");
  };
  await expect(underTitle("engine", work, { screen: out })).rejects.toThrow("no compiler");
  expect(out.text).toBe("engine ...\nengine: failed, 0.0 s\n");
});

test("what is quicker than it takes to be worth a word passes in silence", async () => {
  const out = screen(false);
  await underTitle("status", async () => {}, { screen: out, afterMs: 2_000 });
  expect(out.text).toBe("");
});

test("a caller that shows progress itself is told, and the terminal is left alone", async () => {
  const told = vi.fn();
  const out = screen(true);
  await underTitle("engine", async (tell) => tell("compiling"), { progress: told, screen: out });
  expect(told.mock.calls).toEqual([["engine"], ["engine: compiling"]]);
  expect(out.text).toBe("");
});
