import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { command, conf, EscapeError, nft, sh } from "../../infra/render/escape.ts";
import { argvOf, confLines } from "../support/conf-words.ts";

const printable = fc.string({ unit: "grapheme", maxLength: 30 }).filter((text) => !text.includes("\0"));

test("whatever is escaped for the shell comes out of it as it was", () => {
  const spiteful = fc.string({ unit: fc.constantFrom(..."'\"\\$`! \n*?#~{}a"), maxLength: 12 });
  const words = fc.array(fc.oneof(printable, spiteful), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(words, (list) => {
      const script = list.map((word) => `printf '%s\\001' ${sh(word)}`).join("\n");
      const printed = execFileSync("sh", ["-c", script], { encoding: "utf8" });
      expect(printed.split("\x01").slice(0, -1)).toEqual(list);
    }),
    { numRuns: 60 },
  );
});

test("words that need no quotes have none", () => {
  expect(sh("/etc/understudy/x.sh")).toBe("/etc/understudy/x.sh");
  expect(sh("it's")).toBe(`'it'\\''s'`);
  expect(conf("10.20.0.1/24")).toBe("10.20.0.1/24");
  expect(conf("@db1")).toBe('"@db1"'); // else the line would be for the host db1 only
  expect(conf("")).toBe('""');
  expect(conf("a # b { c")).toBe('"a # b { c"');
});

/** Text that the language can hold: no quote, nothing invisible, no backslash at the end. */
const confText = fc
  .string({ unit: fc.constantFrom(..."aZ09_./:@-#!{}$\\ ;'*~=\t".replace("\t", "")), maxLength: 20 })
  .filter((text) => !text.endsWith("\\") && !/\$\{?_/.test(text));

test("whatever is escaped for the configuration is one word of it", () => {
  fc.assert(
    fc.property(fc.array(confText, { minLength: 1, maxLength: 5 }), (list) => {
      const text = `block {\n    keyword ${list.map(conf).join(" ")}\n}\n`;
      expect(confLines(text)).toEqual([["block"], ["{"], ["keyword", ...list], ["}"]]);
    }),
    { numRuns: 2000 },
  );
});

test("a command is one word that is cut again into the arguments", () => {
  const argument = confText.filter((text) => !/['\\]/.test(text) && text !== "");
  fc.assert(
    fc.property(fc.array(argument, { minLength: 1, maxLength: 5 }), (argv) => {
      const lines = confLines(`script ${command(argv)}`);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toHaveLength(2);
      expect(argvOf(lines[0]![1]!)).toEqual(argv);
    }),
    { numRuns: 2000 },
  );
});

test.each(['a"b', "a\nb", "a\\", "x$_HASH", "$" + "{_PWD}/x"])(
  "%j is refused by the configuration",
  (text) => {
    expect(() => conf(text)).toThrow(EscapeError);
  },
);

test("a quote or a backslash can't be in an argument, nor in a string of nftables", () => {
  expect(() => command(["x", "it's"])).toThrow(EscapeError);
  expect(() => command(["x", "a\\b"])).toThrow(EscapeError);
  expect(() => nft('eth0" accept')).toThrow(EscapeError);
  expect(nft("eth0")).toBe('"eth0"');
});
