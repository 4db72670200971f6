import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../infra/machine/checkout.ts";
import { targets } from "./targets.ts";

const sources = readdirSync(join(root, "engine/fuzz/targets")).map((name) => name.replace(/\.rs$/, ""));

test("every fuzzer of the engine is run, and has inputs to begin with", () => {
  expect(targets.map(({ name }) => name).sort()).toEqual(sources.sort());
  for (const name of sources)
    expect(readdirSync(join(root, "engine/fuzz/corpus", name)).length).toBeGreaterThan(5);
});

test("the words to try are the language's keywords", () => {
  const words = targets.find(({ name }) => name === "config")?.words?.() ?? [];
  expect(words).toContain("virtual_router_id");
  expect(words.length).toBeGreaterThan(300);
});
