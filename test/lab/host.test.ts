import { describe, expect, it } from "vitest";
import { kernelCommand } from "../../infra/lab/host.ts";

const files = {
  kernel: "/c/linux",
  base: "/c/base.ext4",
  disk: "/s/db1.cow",
  share: "/s/db1",
  run: "/run/l",
};

describe("a host's kernel", () => {
  const argv = kernelCommand("lab", "db1", files, 320);

  it("boots from its own disk over the shared one", () => {
    expect(argv[0]).toBe("/c/linux");
    expect(argv).toContain("ubd0=/s/db1.cow,/c/base.ext4");
  });

  it("has a device on each network, with the fixed hardware address", () => {
    expect(argv.filter((word) => word.startsWith("vec"))).toEqual([
      "vec0:transport=tap,ifname=db1-front,mac=02:00:00:00:00:0f,depth=64",
      "vec1:transport=tap,ifname=db1-back,mac=02:00:00:01:00:0f,depth=64",
      "vec2:transport=tap,ifname=db1-mgmt,mac=02:00:00:02:00:0f,depth=64",
    ]);
  });

  it("says which lab and host it is, which is how it is found again", () => {
    expect(argv).toContain("lab.name=lab");
    expect(argv).toContain("lab.host=db1");
  });

  it("opens no terminal, and ends instead of rebooting", () => {
    expect(argv).toEqual(expect.arrayContaining(["con=null", "con0=null,fd:1", "noreboot", "panic=-1"]));
  });
});
