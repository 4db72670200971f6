import { expect, test } from "vitest";
import { runSteps } from "../../infra/tour/steps.ts";

const screen = () => {
  const said: string[] = [];
  return { said, write: (text: string) => said.push(text), isTTY: false, columns: 80 };
};

test("the first step that fails ends the tour; its whole text is shown, the others are not run", async () => {
  const ran: string[] = [];
  const step = (name: string, fails?: string) => ({
    name,
    run: async () => {
      ran.push(name);
      if (fails) throw new Error(fails);
      return `${name} done`;
    },
  });
  const out = screen();
  const results = await runSteps([step("one"), step("two", "two broke\nbecause"), step("three")], out);
  expect(ran).toEqual(["one", "two"]);
  expect(results.map(({ name, ok }) => [name, ok])).toEqual([
    ["one", true],
    ["two", false],
  ]);
  expect(out.said.join("")).toContain("✔ one");
  expect(out.said.join("")).toContain("    because");
});
