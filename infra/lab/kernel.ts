/** The hosts' kernel: Linux as an ordinary program (User-Mode Linux), built once from Debian's sources. */

import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { built, isBuilt, type Recipe, resultOf } from "../machine/built.ts";
import { keyOf } from "../machine/cache.ts";
import { beating, type Progress } from "../machine/progress.ts";
import { must } from "../machine/run.ts";
import { openArchive } from "./debian.ts";
import { labShelf } from "./paths.ts";

const configFile = join(import.meta.dirname, "kernel.config");

/** Raise it when `build` changes in a way that the result shows. */
const recipeVersion = "1";

/** How many files there are to compile, for those who wait. */
const roughly = 1100;

/** The oldest that is known to run on processors with AMX; Debian has it in sid and trixie-backports. */
const oldest = [7, 2] as const;

/** Sources that the lab's configuration never compiles; leaving them packed saves a gigabyte of writing. */
const leftPacked = [
  "*/Documentation/*.rst",
  "*/Documentation/*.yaml",
  "*/Documentation/*.svg",
  "*/arch/[!ux]*/*.[chS]",
  "*/arch/[!ux]*/*.dts*",
  "*/drivers/accel/*.[ch]",
  "*/drivers/clk/*.[ch]",
  "*/drivers/gpu/*.[ch]",
  "*/drivers/iio/*.[ch]",
  "*/drivers/infiniband/*.[ch]",
  "*/drivers/media/*.[ch]",
  "*/drivers/net/ethernet/*.[ch]",
  "*/drivers/net/wireless/*.[ch]",
  "*/drivers/scsi/*.[ch]",
  "*/drivers/staging/*.[ch]",
  "*/sound/*.[ch]",
  "*/tools/perf/*",
  "*/tools/testing/*",
];

/** How the kernel is made. */
export function kernelRecipe(): Recipe {
  return {
    title: "kernel",
    shelf: labShelf,
    name: `kernel-${keyOf([recipeVersion, readFileSync(configFile, "utf8")])}`,
    kind: /^kernel-[0-9a-f]{16}$/,
    result: "linux",
    build: buildKernel,
  };
}

/** The kernel's program, built when it isn't there yet. Needs some 2 GiB of disk meanwhile. */
export function kernel(progress: Progress): Promise<string> {
  return built(kernelRecipe(), progress);
}

/** Where the kernel's program is, or will be. */
export function kernelPath(): string {
  return resultOf(kernelRecipe());
}

/** True when there is no kernel to be built. */
export function hasKernel(): boolean {
  return isBuilt(kernelRecipe());
}

async function buildKernel(into: string, scratch: string, progress: Progress): Promise<void> {
  const source = await fetchSource(scratch, progress);
  const objects = join(scratch, "objects");
  await must(["mkdir", "-p", objects]);
  const make = (target: string, ...more: string[]) => [
    ...["nice", "-n", "5", "make", "-C", source, `O=${objects}`, "ARCH=um"],
    ...[`-j${availableParallelism()}`, "KBUILD_BUILD_TIMESTAMP=1970-01-01"],
    ...["KBUILD_BUILD_USER=lab", "KBUILD_BUILD_HOST=lab", target, ...more],
  ];
  await beating(
    progress,
    "configuring",
    must(make("allnoconfig", `KCONFIG_ALLCONFIG=${configFile}`), { timeoutMs: 300_000 }),
  );
  const config = readFileSync(join(objects, ".config"), "utf8");
  const refused = notGranted(readFileSync(configFile, "utf8"), config);
  if (refused.length > 0)
    throw new Error(`this kernel does not take from kernel.config: ${refused.join(", ")}`);
  let files = 0;
  const count = (line: string) => {
    if (/^\s*CC\s/.test(line)) files++;
  };
  await beating(
    progress,
    "compiling, once",
    must(make("linux"), { timeoutMs: 3_600_000, onLine: count }),
    () => `${files} of about ${roughly} files, `,
  );
  copyFileSync(join(objects, "linux"), join(into, "linux"));
  await must(["strip", join(into, "linux")]);
  chmodSync(join(into, "linux"), 0o755);
  writeFileSync(join(into, "config"), config);
  await describeBuiltIns(objects, into);
}

/** What `modprobe` on a host reads, so that it agrees to load what is built in. */
async function describeBuiltIns(objects: string, into: string): Promise<void> {
  const version = (await must([join(into, "linux"), "--version"])).trim();
  const folder = join(into, "lib/modules", version);
  mkdirSync(folder, { recursive: true });
  for (const name of ["modules.builtin", "modules.builtin.modinfo"]) {
    copyFileSync(join(objects, name), join(folder, name));
  }
  writeFileSync(join(folder, "modules.order"), "");
  await must(["depmod", "-b", into, version]);
}

/** Options of the lab's configuration that the kernel's own rules have overruled: renamed, or lacking a parent. */
export function notGranted(wished: string, granted: string): string[] {
  const got = new Set(granted.split("\n"));
  return wished.split("\n").filter((line) => {
    if (!line.startsWith("CONFIG_")) return false;
    return line.endsWith("=n") ? got.has(line.replace(/=n$/, "=y")) : !got.has(line);
  });
}

/** Downloads and unpacks the sources; gives their folder. */
async function fetchSource(scratch: string, progress: Progress): Promise<string> {
  const folder = join(scratch, "apt");
  const opening = openArchive(folder, ["trixie-backports", "sid"]);
  const archive = await beating(progress, "looking for its sources", opening);
  const name = pickSource((await archive.ask("pkgnames", "linux-source-")).split("\n"));
  if (name === undefined) {
    throw new Error(
      `the Debian mirror has no linux-source-${oldest.join(".")} or later in sid or trixie-backports`,
    );
  }
  await beating(progress, `downloading ${name} (160 MB)`, archive.download(name));
  const excluded = leftPacked.map((pattern) => `--exclude='${pattern}'`).join(" ");
  const unpack = [
    `dpkg-deb --fsys-tarfile ${folder}/${name}_*.deb`,
    `tar xO ./usr/src/${name}.tar.xz`,
    `xz -dT0`,
    `tar x -C ${scratch} --wildcards ${excluded}`,
  ].join(" | ");
  const unpacking = must(["bash", "-o", "pipefail", "-ec", unpack], { timeoutMs: 600_000 });
  await beating(progress, "unpacking its sources", unpacking);
  rmSync(folder, { recursive: true });
  return join(scratch, name);
}

/** Of the packages `linux-source-X.Y`, the oldest that will do: the lab's configuration was made for that one. */
export function pickSource(packages: readonly string[]): string | undefined {
  const found = packages.flatMap((name) => {
    const match = /^linux-source-(\d+)\.(\d+)$/.exec(name.trim());
    return match ? [{ name: match[0], version: [Number(match[1]), Number(match[2])] as const }] : [];
  });
  const order = (a: readonly [number, number], b: readonly [number, number]) => a[0] - b[0] || a[1] - b[1];
  return found
    .filter(({ version }) => order(version, oldest) >= 0)
    .sort((a, b) => order(a.version, b.version))[0]?.name;
}
