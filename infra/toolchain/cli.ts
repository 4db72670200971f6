/**
 * The Pulumi CLI: the official one where it is installed, else one built here from Go modules.
 *
 * Its releases can't be had everywhere, but Go's module proxy has the sources. Two parts of the official bundle are in
 * no Go module: the Node.js language host and the command plugin. Small stand-ins of ours (`language-host.ts`,
 * `command/`) serve with the built CLI, and only with it.
 */
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { built, folderOf, type Recipe } from "../machine/built.ts";
import { cachePath, keyOf, writeWhole } from "../machine/cache.ts";
import { root } from "../machine/checkout.ts";
import type { Progress } from "../machine/progress.ts";
import { lastLines, run, unlimited } from "../machine/run.ts";

export const pulumiVersion = "3.259.0";
export const commandPluginVersion = "1.2.1";

export interface Cli {
  /** The program. */
  path: string;
  /** The settings that this CLI needs; nothing for the official one, which is left as its user has set it up. */
  env: Record<string, string>;
}

const toolchain = join(root, "infra/toolchain");
const mainPackage = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const buildFlags = [
  "-trimpath", // with it the binary is the same whatever the folder
  "-mod=readonly", // `go mod tidy` would fail: the CLI's tests need the language host's module, which nobody has
  "-buildvcs=false",
  "-tags=osusergo,grpcnotrace",
  `-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${pulumiVersion}`,
];

/**
 * Finds the CLI; builds it when the machine has none (4 to 6 minutes on two cores, once). Without `progress`, that is
 * shown on stderr.
 */
export async function pulumiCli(progress?: Progress): Promise<Cli> {
  const official = officialCli();
  if (official) return { path: official, env: {} };
  const recipe = cliRecipe();
  const path = await built(recipe, progress);
  const home = cachePath("pulumi/home");
  placeStandIns(join(folderOf(recipe), "bin"), home);
  return {
    path,
    env: {
      PULUMI_HOME: home,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      UNDERSTUDY_TOOLCHAIN: toolchain,
    },
  };
}

/**
 * The official CLI on PATH, if its language host is there too; a lone `pulumi` can't run a Node.js program.
 * UNDERSTUDY_OWN_PULUMI=1 says to take the built one all the same.
 */
export function officialCli(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.UNDERSTUDY_OWN_PULUMI === "1") return undefined;
  const find = (name: string) =>
    (env.PATH ?? "")
      .split(delimiter)
      .map((folder) => join(folder, name))
      .find(isExecutable);
  return find("pulumi-language-nodejs") && find("pulumi");
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The built CLI: another one when the sources change, or how they are compiled. */
export function cliRecipe(): Recipe {
  const modules = ["go.mod", "go.sum"].map((name) => readFileSync(join(toolchain, "go", name)));
  return {
    title: `pulumi ${pulumiVersion} (from Go modules, once)`,
    shelf: "pulumi",
    name: `${pulumiVersion}-${keyOf([...modules, ...buildFlags, process.arch])}`,
    kind: /^\d+\.\d+\.\d+-[0-9a-f]{16}$/,
    result: "bin/pulumi",
    build,
  };
}

async function build(into: string, _scratch: string, progress: Progress): Promise<void> {
  const flags = [...buildFlags, "-o", join(into, "bin/pulumi")];
  // -v names each package as it is compiled: most of the time goes there, after the last download.
  const argv = ["nice", "go", "build", "-C", join(toolchain, "go"), "-v", ...flags, mainPackage];
  const { code, stderr } = await run(argv, { timeoutMs: unlimited, onLine: (line) => progress(doing(line)) });
  if (code === 127) {
    throw new Error(
      "pulumi: neither the Pulumi CLI (with pulumi-language-nodejs) nor Go is on PATH.\n" +
        `Install the CLI ${pulumiVersion} from pulumi.com, or Go 1.26 to build it here.`,
    );
  }
  if (code !== 0) throw new Error(`pulumi: go build failed:\n${lastLines(stderr, 20)}`);
}

/** A line of `go build -v`, as progress: "go: downloading ..." or the name of a package. */
export function doing(line: string): string {
  return /^[\w.~/-]+$/.test(line) ? `compiling ${line}` : line.replace(/^go: /, "");
}

/**
 * Places the stand-ins where the CLI looks: the language host beside the program, the plugin below its home. The cache
 * is shared by all checkouts, so what lies there only refers to the checkout that the CLI runs for.
 */
function placeStandIns(bin: string, home: string): void {
  const launcher = (file: string) =>
    `#!/bin/sh\nexec "\${UNDERSTUDY_TOOLCHAIN:?run the CLI as: npm run -s pulumi -- ...}/${file}" "$@"\n`;
  const plugin = join(home, `plugins/resource-command-v${commandPluginVersion}/pulumi-resource-command`);
  writeWhole(join(bin, "pulumi-language-nodejs"), launcher("pulumi-language-nodejs"), 0o755);
  writeWhole(plugin, launcher("command/pulumi-resource-command"), 0o755);
}
