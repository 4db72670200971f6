import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mirrorAmong } from "../../infra/lab/debian.ts";
import { isSound } from "../../infra/lab/disk.ts";
import { notGranted, pickSource } from "../../infra/lab/kernel.ts";
import { sqlText } from "../../infra/lab/roles/database.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lab-build-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe("the kernel's sources", () => {
  it("are the oldest that will do", () => {
    expect(pickSource(["linux-source-7.10", "linux-source-7.3", "linux-source-6.12"])).toBe(
      "linux-source-7.3",
    );
  });

  it("are not to be had where all are too old", () => {
    expect(pickSource(["linux-source", "linux-source-6.12", "linux-source-7.1"])).toBeUndefined();
  });
});

describe("the kernel's configuration", () => {
  it("names the wishes that were not granted", () => {
    const wished = "# a comment\nCONFIG_A=y\nCONFIG_B=y\nCONFIG_C=n\nCONFIG_D=n\n";
    expect(notGranted(wished, "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=y\n")).toEqual([
      "CONFIG_B=y",
      "CONFIG_C=n",
    ]);
  });
});

describe("the Debian mirror", () => {
  it("is the first site that is an archive of Debian, without its closing slash", () => {
    const sites = [
      "https://packages.example/tool",
      "http://mirror.example/debian-security",
      "http://mirror.example/debian/",
    ];
    expect(mirrorAmong(sites)).toBe("http://mirror.example/debian");
  });
});

describe("a host's disk", () => {
  it("is taken when it begins as the kernel begins one, and only then", () => {
    const disk = join(folder, "db1.cow");
    expect(isSound(disk)).toBe(false);
    writeFileSync(disk, "");
    expect(isSound(disk)).toBe(false);
    writeFileSync(disk, "OOOM\0\0\0\u0003");
    expect(isSound(disk)).toBe(true);
  });
});

describe("a password in SQL", () => {
  it("can't end its string", () => {
    expect(sqlText("it's \\")).toBe("'it''s \\\\'");
  });
});
