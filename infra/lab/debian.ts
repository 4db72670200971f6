/** The Debian archive that the lab is made from: the one the machine itself is set up with. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../machine/run.ts";

/** The mirror's address, from the machine's apt configuration; `UNDERSTUDY_DEBIAN_MIRROR` overrides it. */
export async function debianMirror(): Promise<string> {
  const own = process.env.UNDERSTUDY_DEBIAN_MIRROR;
  if (own) return own;
  const sites = await must(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]);
  const mirror = mirrorAmong(sites.split("\n"));
  if (mirror !== undefined) return mirror;
  throw new Error("apt is set up with no Debian mirror here; name one in UNDERSTUDY_DEBIAN_MIRROR");
}

/** The first site that is a Debian archive, and neither its security updates nor somebody else's. */
export function mirrorAmong(sites: readonly string[]): string | undefined {
  return sites.map((site) => site.trim().replace(/\/+$/, "")).find((site) => site.endsWith("/debian"));
}

/** apt for other releases than the machine's, with lists of its own: the machine's stay as they are. */
export interface Archive {
  /** Asks `apt-cache`. */
  readonly ask: (...argv: string[]) => Promise<string>;
  /** Puts the package's file into the archive's folder. */
  readonly download: (packageName: string) => Promise<void>;
}

/** Reads the lists of `releases` into `folder`. The machine's apt settings (proxies, keys) stay in force. */
export async function openArchive(folder: string, releases: readonly string[]): Promise<Archive> {
  const mirror = await debianMirror();
  mkdirSync(join(folder, "lists/partial"), { recursive: true });
  mkdirSync(join(folder, "cache/archives/partial"), { recursive: true });
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  const signed = existsSync(keyring) ? ` [signed-by=${keyring}]` : "";
  const sources = join(folder, "sources.list");
  writeFileSync(sources, releases.map((release) => `deb${signed} ${mirror} ${release} main\n`).join(""));
  const settings = {
    "Dir::Etc::sourcelist": sources,
    "Dir::Etc::sourceparts": "-",
    "Dir::State::lists": join(folder, "lists"),
    "Dir::State::status": "/dev/null",
    "Dir::Cache": join(folder, "cache"),
    "Acquire::Check-Valid-Until": "false",
    "Acquire::Languages": "none",
    "APT::Sandbox::User": "",
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  const patient = { cwd: folder, timeoutMs: 900_000 };
  await must(["apt-get", ...options, "-q", "update"], patient);
  return {
    ask: (...argv) => must(["apt-cache", ...options, ...argv], patient),
    download: async (packageName) => {
      await must(["apt-get", ...options, "-q", "download", packageName], patient);
    },
  };
}
