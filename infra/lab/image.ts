/** The disk that all hosts share, read-only: Debian with what the scenarios need, nothing of it started but ssh. */
import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { built, isBuilt, type Recipe, resultOf } from "../machine/built.ts";
import { keyOf } from "../machine/cache.ts";
import { beating, type Progress } from "../machine/progress.ts";
import { must } from "../machine/run.ts";
import { debianMirror } from "./debian.ts";
import { labShelf } from "./paths.ts";

const guestFolder = join(import.meta.dirname, "guest");

/** Raise it to have the disk made anew, for instance from newer packages. */
const recipeVersion = "1";

const release = "trixie";
const packages = [
  ...["systemd", "systemd-sysv", "openssh-server", "procps", "kmod", "openssl", "python3"],
  ...["iproute2", "iptables", "nftables", "ipset", "ipvsadm", "conntrack", "ethtool", "arptables"],
  ...["keepalived", "nginx", "haproxy", "mariadb-server", "mariadb-client"],
  ...["tcpdump", "curl", "socat", "iputils-arping", "iputils-ping", "strace"],
];
const left = ["man", "doc", "locale", "info"].map(
  (folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`,
);

/** Fixed, so that the same packages make the same disk. */
const uuid = "6a09e667-f3bc-4908-b2fb-1366ea957d3e";

/** How the disk is made. */
export function imageRecipe(): Recipe {
  const guest = readdirSync(guestFolder).sort();
  const files = guest.flatMap((name) => [name, readFileSync(join(guestFolder, name), "utf8")]);
  return {
    title: "disk",
    shelf: labShelf,
    name: `disk-${keyOf([recipeVersion, release, packages.join(" "), ...files])}`,
    kind: /^disk-[0-9a-f]{16}$/,
    result: "base.ext4",
    build: buildImage,
  };
}

/** The disk, built when it isn't there yet. */
export function image(progress: Progress): Promise<string> {
  return built(imageRecipe(), progress);
}

/** Where the disk is, or will be. */
export function imagePath(): string {
  return resultOf(imageRecipe());
}

/** True when there is no disk to be built. */
export function hasImage(): boolean {
  return isBuilt(imageRecipe());
}

async function buildImage(into: string, scratch: string, progress: Progress): Promise<void> {
  const tree = join(scratch, "tree");
  const mirror = await debianMirror();
  const bootstrap = must(
    [
      // It mounts /proc, /sys and /dev in the tree. Where nobody else sees them, they can't outlive it, and
      // whoever clears the tree away can't reach through them.
      ...["unshare", "--mount"],
      ...["mmdebstrap", "--variant=minbase", "--format=directory"],
      '--aptopt=Acquire::Check-Valid-Until "false"',
      '--aptopt=APT::Install-Recommends "false"',
      ...left,
      `--customize-hook=${join(guestFolder, "customize.sh")} "$1"`,
      `--include=${packages.join(",")}`,
      ...[release, tree, `deb ${mirror} ${release} main`],
    ],
    { timeoutMs: 1_800_000 },
  );
  await beating(progress, `installing ${packages.length} packages and what they need (once)`, bootstrap);
  const disk = join(into, "base.ext4");
  const settings = `root_owner=0:0,hash_seed=${uuid},lazy_itable_init=1`;
  const write = must(["mke2fs", "-q", "-t", "ext4", "-E", settings, "-U", uuid, "-d", tree, disk, "4G"], {
    timeoutMs: 600_000,
  });
  await beating(progress, "writing it", write);
  chmodSync(disk, 0o444);
}
