import { expect, test } from "vitest";
import { drawSteps } from "../../infra/tour/picture.ts";

test("a step is drawn with its mark, name, detail and time; what XML would read as its own is escaped", () => {
  const steps = [{ name: "balance", ok: true, seconds: 7.53, detail: "db1 < db2 & db3\nmore" }];
  const svg = drawSteps("npm start", steps, "1 of 1 steps held");
  for (const words of ["✔", "balance", "db1 &lt; db2 &amp; db3", "7.5 s", "1 of 1 steps held"])
    expect(svg).toContain(`>${words.includes("7.5 s") ? "  7.5 s" : words}</text>`);
  expect(svg).not.toContain("more");
});

test("a step that failed has another mark", () => {
  expect(drawSteps("npm start", [{ name: "lab", ok: false, seconds: 1, detail: "no" }], "")).toContain("✘");
});
