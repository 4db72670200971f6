/** Every file of `conf/` beside keepalived: the same, or different as `engine/QUIRKS.md` says. */
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { root } from "../../infra/machine/checkout.ts";
import { directives } from "./directives.ts";
import { compareFile, type Means } from "./file.ts";
import { known } from "./known.ts";
import { here, unavailable } from "./place.ts";
import { isGood, text } from "./report.ts";

const files = globSync(join(import.meta.dirname, "conf/*.conf"))
  .filter((path) => !path.endsWith(".reload.conf"))
  .sort();
const needsLab = (path: string): boolean => directives(readFileSync(path, "utf8")).needsLab;

it("every known difference is an entry of QUIRKS.md", () => {
  const quirks = readFileSync(join(root, "engine/QUIRKS.md"), "utf8");
  const refused = files.flatMap((path) => directives(readFileSync(path, "utf8")).refused ?? []);
  const named = [...known.map(({ quirk }) => quirk), ...refused];
  expect(named.filter((quirk) => !quirks.includes(`\n| ${quirk} |`))).toEqual([]);
});

it("there are at least sixty files", () => {
  expect(files.length).toBeGreaterThanOrEqual(60);
});

const why = unavailable();
if (why !== undefined) process.stderr.write(`the engine beside keepalived: left out, ${why}\n`);

describe.skipIf(why !== undefined).concurrent("the engine beside keepalived", () => {
  let means: Means;
  beforeAll(async () => {
    const place = await here();
    if (typeof place === "string") throw new Error(place);
    // Patience is for a busy machine: whoever differs for so long will not agree later.
    means = { ...place, patienceMs: 8000 };
  }, 600_000);

  for (const path of files) {
    it.skipIf(needsLab(path))(basename(path), async () => {
      const report = await compareFile(path, means);
      expect(isGood(report), text(report)).toBe(true);
    });
  }
});
