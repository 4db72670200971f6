import { afterEach, describe, expect, it, vi } from "vitest";
import { labUnavailable } from "../../infra/lab/requirements.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe.runIf(process.platform === "linux" && process.arch === "x64")("a machine for the lab", () => {
  it("is refused to whoever is not root, with the way out", () => {
    vi.spyOn(process, "getuid").mockReturnValue(1000);
    expect(labUnavailable()).toBe(
      "the lab needs root, for a network namespace and its devices; run it with sudo",
    );
  });
});

describe("a machine of another kind", () => {
  it("is refused by name", () => {
    vi.spyOn(process, "platform", "get").mockReturnValue("darwin");
    expect(labUnavailable()).toMatch(/^the lab needs Linux on x86_64, and this is darwin on /);
  });
});
