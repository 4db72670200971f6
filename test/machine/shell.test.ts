import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { quote } from "../../infra/machine/shell.ts";

describe("a word for a shell", () => {
  it("stays as it is where nothing in it means anything", () => {
    expect(quote("/etc/hosts")).toBe("/etc/hosts");
  });

  it("is quoted where something does", () => {
    expect(quote("it's $HOME")).toBe(`'it'\\''s $HOME'`);
    expect(quote("")).toBe("''");
    expect(quote("PATH=x")).toBe("'PATH=x'");
  });

  it.each(['a\'b $c "d"', "`id` \\ \n", "-n", "*"])("comes out of the shell as it went in: %j", (word) => {
    const said = execFileSync("/bin/sh", ["-c", `printf %s. ${quote(word)}`], { encoding: "utf8" });
    expect(said).toBe(`${word}.`);
  });
});
