import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { built, folderOf, isBuilt, type Recipe, resultOf } from "../../infra/machine/built.ts";
import { cachePath } from "../../infra/machine/cache.ts";
import { takeLock } from "../../infra/machine/lock-file.ts";
import { quietly } from "../../infra/machine/progress.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "understudy-built-"));
  vi.stubEnv("XDG_CACHE_HOME", folder);
  writes.mockClear();
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const writes = vi.fn(async (into: string) => writeFileSync(join(into, "result"), "made"));

function recipe(key: string, build: Recipe["build"] = writes): Recipe {
  return {
    title: "thing",
    shelf: "shelf",
    name: `thing-${key}`,
    kind: /^thing-\w$/,
    result: "result",
    build,
  };
}

const daysAgo = (path: string, days: number) => {
  const time = Date.now() / 1000 - days * 24 * 3600;
  utimesSync(path, time, time);
};
const shelf = () => readdirSync(cachePath("shelf")).sort();

describe("a thing that is built once", () => {
  it("is built by the first who asks, and found by the next", async () => {
    const thing = recipe("a");
    const both = await Promise.all([built(thing, quietly), built(thing, quietly)]);
    expect(both).toEqual([resultOf(thing), resultOf(thing)]);
    expect(readFileSync(resultOf(thing), "utf8")).toBe("made");
    expect(writes).toHaveBeenCalledTimes(1);
    expect(shelf()).toEqual(["thing-a"]);
  });

  it("says who it waits for, and what its builder says", async () => {
    const thing = recipe("a", async (into, _scratch, progress) => {
      progress("hammering");
      await writes(into);
    });
    const said: string[] = [];
    await Promise.all([built(thing, quietly), built(thing, (what) => said.push(what))]);
    expect(said).toEqual(["thing", `thing: waiting for process ${process.pid}, which is building it`]);
    rmSync(folderOf(thing), { recursive: true });
    await built(thing, (what) => said.push(what));
    expect(said.slice(2)).toEqual(["thing", "thing: hammering"]);
  });

  it("is not there when the build fails, and is built at the next try", async () => {
    const failing = recipe("b", async () => {
      throw new Error("no space left");
    });
    await expect(built(failing, quietly)).rejects.toThrow("no space left");
    expect(isBuilt(failing)).toBe(false);
    expect(shelf()).toEqual([]);
    await built(recipe("b"), quietly);
    expect(isBuilt(failing)).toBe(true);
  });

  it("is built anew where its folder lacks what is wanted of it", async () => {
    mkdirSync(folderOf(recipe("a")), { recursive: true });
    expect(await built(recipe("a"), quietly)).toBe(resultOf(recipe("a")));
    expect(isBuilt(recipe("a"))).toBe(true);
  });

  // Beyond the largest pid; and this very process, which has not begun when the machine did.
  it.each(["4194305\n", `${process.pid} 1\n`])(
    "is not waited for when its builder is gone: %j",
    async (owner) => {
      const thing = recipe("c");
      mkdirSync(cachePath("shelf"), { recursive: true });
      writeFileSync(`${folderOf(thing)}.lock`, owner);
      await built(thing, quietly);
      expect(isBuilt(thing)).toBe(true);
    },
  );
});

describe("what was built before", () => {
  const given = (...names: string[]) => {
    for (const name of names) mkdirSync(cachePath("shelf", name), { recursive: true });
  };

  it("goes when two of its kind have been used later", async () => {
    given("thing-a", "thing-b", "thing-c", "other-d");
    for (const [at, name] of ["thing-b", "thing-a", "thing-c", "other-d"].entries())
      daysAgo(cachePath("shelf", name), 2 + at);
    await built(recipe("e"), quietly);
    expect(shelf()).toEqual(["other-d", "thing-b", "thing-e"]);
  });

  it("goes when it has not been used for 30 days", async () => {
    given("thing-a");
    daysAgo(cachePath("shelf/thing-a"), 31);
    await built(recipe("b"), quietly);
    expect(shelf()).toEqual(["thing-b"]);
  });

  it("stays while another checkout may be working with it", async () => {
    given("thing-a", "thing-b", "thing-c");
    await built(recipe("d"), quietly);
    expect(shelf()).toEqual(["thing-a", "thing-b", "thing-c", "thing-d"]);
  });

  it("counts as used when it is asked for", async () => {
    await built(recipe("a"), quietly);
    daysAgo(folderOf(recipe("a")), 40);
    await built(recipe("a"), quietly);
    await built(recipe("b"), quietly);
    expect(shelf()).toEqual(["thing-a", "thing-b"]);
  });

  it("goes where it was left half-made, and its builder is gone", async () => {
    given("thing-a.scratch", "thing-b.scratch");
    const release = await takeLock(cachePath("shelf/thing-b.lock"), () => {});
    await built(recipe("c"), quietly);
    release();
    expect(shelf()).toEqual(["thing-b.scratch", "thing-c"]);
  });
});
