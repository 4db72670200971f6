import { expect, test } from "vitest";
import { formatFinding, isDeployable } from "../../infra/model/finding.ts";
import { readSite } from "../../infra/model/site.ts";
import { runs } from "../../infra/model/track.ts";
import { aSiteInput } from "../support/builders.ts";

test.each([
  ["5s", 5000],
  ["200ms", 200],
  ["2m", 120_000],
  ["1h", 3_600_000],
  ["0.5s", 500],
] as const)("a duration %s is %d ms", (text, ms) => {
  const { site } = readSite(aSiteInput({ pair: { adverts: text } }));
  expect(site?.pairs.read?.adverts).toBe(ms);
});

test.each(["5", "s", "five seconds", "0s", "-1s", 5])("%j is no duration", (value) => {
  const { site, findings } = readSite(withPair({ adverts: value }));
  expect(site).toBeUndefined();
  expect(findings).toMatchObject([{ place: "pairs.read.adverts", severity: "error" }]);
  expect(findings[0]?.remedy).toMatch(/^expected: /);
});

function withPair(changed: Record<string, unknown>): unknown {
  const input = aSiteInput();
  return { ...input, pairs: { read: { ...input.pairs?.read, ...changed } } };
}

test("an unknown key is named with its path and the key that was meant", () => {
  const { findings } = readSite(withPair({ intreface: "eth0" }));
  expect(findings).toEqual([
    {
      code: "unknown-key",
      severity: "error",
      place: "pairs.read.intreface",
      message: "unknown key `intreface`.",
      remedy: "did you mean `interface`?",
    },
  ]);
});

test("inside a track, only the keys of its kind are suggested", () => {
  const { findings } = readSite(withPair({ track: { mha: { ...runs("x.sh"), wieght: -40 } } }));
  expect(findings).toMatchObject([
    { place: "pairs.read.track.mha.wieght", remedy: "did you mean `weight`?" },
  ]);
});

test("a wrong word is answered with the right ones", () => {
  const input = aSiteInput();
  const services = { mysql: { ...input.services?.mysql, forward: "rd", scheduler: "rrr" } };
  const { findings } = readSite({ ...input, services });
  expect(findings).toMatchObject([
    { place: "services.mysql.forward", remedy: "did you mean `dr`?" },
    { place: "services.mysql.scheduler", remedy: "did you mean `rr`?" },
  ]);
});

test("all mistakes are found at once", () => {
  const { findings } = readSite({
    hosts: ["db 1"],
    pairs: { read: { members: ["db1"], vips: [], vrid: 300, track: { mha: runs("x.sh", { weight: 0 }) } } },
    host: [],
  });
  expect(findings.map(({ place }) => place).sort()).toEqual([
    "host",
    "hosts[0]",
    "name",
    "pairs.read.track.mha.weight",
    "pairs.read.vips",
    "pairs.read.vrid",
  ]);
  expect(isDeployable(findings)).toBe(false);
});

test("a finding reads as one says it", () => {
  const { findings } = readSite(withPair({ vrid: 300 }));
  expect(formatFinding(findings[0]!, "sites/test.ts")).toBe(
    "error: sites/test.ts: pairs.read.vrid\n  300 is not possible here.\n  expected: 1 to 255",
  );
});

test("something that is no site at all is a finding, not a crash", () => {
  expect(readSite(undefined).findings).toHaveLength(1);
  expect(readSite("site").findings).toMatchObject([{ place: "", code: "bad-value" }]);
});
