import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changedSecret, fill, mask, scrub } from "../../infra/provider/host/secrets.ts";

const config = "instance read {\n  auth_pass @@auth@@\n  vip 10.20.0.200\n}\n";

describe("mask", () => {
  const rows: [string, string, string, Record<string, string>, string][] = [
    [
      "the file as wanted is the wanted text",
      config,
      config.replace("@@auth@@", "hunter2"),
      { auth: "hunter2" },
      config,
    ],
    [
      "another line is shown, ours is not",
      config,
      "instance read {\n  auth_pass hunter2\n  vip 10.20.0.66\n}\n",
      { auth: "hunter2" },
      "instance read {\n  auth_pass @@auth@@\n  vip 10.20.0.66\n}\n",
    ],
    [
      "a foreign secret in its place is hidden",
      config,
      "instance read {\n  auth_pass  letmein\n  vip 10.20.0.200\n}\n",
      { auth: "hunter2" },
      `instance read {\n  auth_pass ${changedSecret}\n  vip 10.20.0.200\n}\n`,
    ],
    [
      "a secret inside another leaves no rest",
      "a @@short@@\nb @@long@@\n",
      "x hunter2 hunter\n",
      { short: "hunter", long: "hunter2" },
      "x @@long@@ @@short@@\n",
    ],
    [
      "a line of another multi-line secret is hidden",
      "key:\n@@pem@@\nend\n",
      "key:\nBBBB\nCCCC\nend\n",
      { pem: "AAAA\nDDDD" },
      "key:\n<a changed line, not shown: this file holds a secret>\n<a changed line, not shown: this file holds a secret>\nend\n",
    ],
    [
      "a part of our multi-line secret is hidden",
      "key @@pem@@\n",
      "DDDD\n",
      { pem: "AAAA\nDDDD" },
      "<a changed line, not shown: this file holds a secret>\n",
    ],
    [
      "a placeholder that was never filled in is drift",
      "pass @@a@@\n",
      "pass @@a@@\n",
      { a: "secret" },
      "pass @@a@@\n\n<differs where it holds a secret>\n",
    ],
    ["a file without secrets is shown as it is", "a\n", "b\n", { auth: "hunter2" }, "b\n"],
    ["our secret in another file is hidden", "a\n", "b hunter2\n", { auth: "hunter2" }, "b @@auth@@\n"],
  ];
  test.each(rows)("%s", (_name, wanted, live, secrets, shown) => {
    expect(mask(live, wanted, secrets)).toBe(shown);
  });
});

/** Secrets of letters that nothing else here is made of; some over several lines, some inside others. */
const secretText = fc
  .array(fc.string({ unit: fc.constantFrom("Q", "X", "Z"), minLength: 4, maxLength: 8 }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((lines) => lines.join("\n"));
const secretsOf = fc.record({ one: secretText, two: secretText }).map(({ one, two }) => ({
  one,
  two,
  both: `${one}${two}`, // overlaps with both
}));
const word = fc.constantFrom("pass ", "vip 10.1 ", "\n", "  ", "@@one@@", "@@two@@", "@@both@@", "end");
const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(""));

describe("for all texts and secrets", () => {
  test("the mask equals the wanted text exactly when the file is as wanted", () => {
    fc.assert(
      fc.property(text, text, secretsOf, (wanted, other, secrets) => {
        const live = fill(other, secrets);
        expect(mask(live, wanted, secrets) === wanted).toBe(live === fill(wanted, secrets));
      }),
    );
  });

  test("no line of a secret is in the mask, wherever it stands in the file", () => {
    fc.assert(
      fc.property(text, text, secretsOf, (wanted, other, secrets) => {
        const shown = mask(fill(other, secrets), wanted, secrets);
        for (const secret of Object.values(secrets))
          for (const line of secret.split("\n")) expect(shown).not.toContain(line);
      }),
    );
  });

  test("no line of a secret is left by scrub", () => {
    fc.assert(
      fc.property(text, secretsOf, (around, secrets) => {
        const shown = scrub(fill(around, secrets), secrets);
        for (const secret of Object.values(secrets))
          for (const line of secret.split("\n")) expect(shown).not.toContain(line);
      }),
    );
  });
});

test("a secret that looks like a placeholder is written as it is", () => {
  expect(fill("@@a@@ @@b@@", { a: "@@b@@", b: "x" })).toBe("@@b@@ x");
});
