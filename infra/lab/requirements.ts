/** What the machine has to have for the lab, and how it gets there. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { beating, type Progress } from "../machine/progress.ts";
import { must, run } from "../machine/run.ts";

/** Programs and the Debian packages that they come from. */
const toRun = { ip: "iproute2", nft: "nftables", ssh: "openssh-client", "ssh-keygen": "openssh-client" };
const toBuild = {
  mmdebstrap: "mmdebstrap",
  mke2fs: "e2fsprogs",
  gcc: "gcc",
  make: "make",
  strip: "binutils",
  flex: "flex",
  bison: "bison",
  bc: "bc",
  depmod: "kmod",
  xz: "xz-utils",
};

/** Why this machine can't run the lab, in one sentence; undefined where it can. */
export function labUnavailable(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `the lab needs Linux on x86_64, and this is ${process.platform} on ${process.arch}`;
  }
  if (process.getuid?.() !== 0)
    return "the lab needs root, for a network namespace and its devices; run it with sudo";
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
  } catch {
    return "the lab needs /dev/net/tun; load the module tun, or give the container that device and NET_ADMIN";
  }
  if (spawnSync("unshare", ["--net", "--mount", "true"]).status !== 0) {
    return "the lab needs network namespaces, and this machine lets nobody make one (SYS_ADMIN in a container)";
  }
  const lacking = missing(toRun);
  if (lacking.length > 0 && !find("apt-get")) {
    return `the lab needs ${lacking.join(", ")}, and there is no apt-get to install them with`;
  }
  return undefined;
}

/** Installs what is missing to run the lab, and to build its kernel and disk where that is to be done. */
export async function requirePackages(what: { readonly build: boolean }, progress: Progress): Promise<void> {
  const lacking = missing(what.build ? { ...toRun, ...toBuild } : toRun);
  // The compiler alone can't link: its C library's headers are a package of their own.
  if (what.build && !existsSync("/usr/include/stdio.h")) lacking.push("libc6-dev");
  if (lacking.length === 0) return;
  const names = lacking.join(" ");
  if (process.getuid?.() !== 0) throw new Error(`the lab needs packages: sudo apt-get install ${names}`);
  const install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", ...lacking];
  const options = {
    timeoutMs: 600_000,
    env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
  };
  const work = async () => {
    const first = await run(install, options);
    if (first.code === 0) return;
    await run(["apt-get", "update", "-q"], options); // The package lists may be missing or old.
    await must(install, options);
  };
  await beating(progress, `installing the Debian packages ${names}`, work());
}

function missing(programs: Readonly<Record<string, string>>): string[] {
  const lacking = Object.entries(programs).filter(([program]) => !find(program));
  return [...new Set(lacking.map(([, packageName]) => packageName))];
}

function find(program: string): boolean {
  const folders = `${process.env.PATH ?? ""}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
  return folders.some((folder) => folder !== "" && existsSync(join(folder, program)));
}
