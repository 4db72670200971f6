/** What the CLI's arguments say about the stack, and what is added to them for a stack with settings of its own. */

/** Commands that take `--config-file`. */
const withSettings = new Set([
  "config",
  "destroy",
  "down",
  "dn",
  "import",
  "logs",
  "preview",
  "pre",
  "refresh",
  "up",
  "update",
  "watch",
]);

/** Commands that work on one stack, which must exist. */
const onStack = new Set([...withSettings, "cancel", "console", "stack", "state"]);

/** Subcommands of `stack` that don't need the stack to exist, or make it themselves. */
const stackless = new Set(["init", "ls", "rename", "rm", "unselect"]);

/** Subcommands of `stack` that write the settings and have no option to say where. */
const writesSettings = new Set(["init", "rm", "rename", "change-secrets-provider"]);

/** The stack that the arguments name: `--stack X`, `--stack=X`, `-s X`, or the operand of `stack init|select|rm X`. */
export function namedStack(args: string[]): string | undefined {
  for (const [at, arg] of args.entries()) {
    if (arg === "--") break;
    if (arg === "--stack" || arg === "-s") return args[at + 1];
    const joined = /^--stack=(.+)$/.exec(arg)?.[1];
    if (joined) return joined;
  }
  const [command, subcommand, operand] = args.filter((arg) => !arg.startsWith("-"));
  const takesName = command === "stack" && ["init", "select", "rm"].includes(subcommand ?? "");
  return takesName ? operand : undefined;
}

/** Whether the command needs a stack that exists. */
export function needsStack(args: string[]): boolean {
  const [command = "", subcommand = ""] = args.filter((arg) => !arg.startsWith("-"));
  if (args.includes("--help") || args.includes("-h")) return false;
  return onStack.has(command) && !(command === "stack" && stackless.has(subcommand));
}

/** The arguments with the path of the settings, where the command takes one and the user hasn't given it. */
export function withConfigFile(args: string[], path: string): string[] {
  const at = args.findIndex((arg) => !arg.startsWith("-"));
  const given = args.some((arg) => arg === "--config-file" || arg.startsWith("--config-file="));
  if (given || !withSettings.has(args[at] ?? "")) return args;
  return [...args.slice(0, at + 1), "--config-file", path, ...args.slice(at + 1)];
}

/**
 * Whether the command must run in the folder of the settings instead of the project's: it writes (`stack init`) or
 * removes (`stack rm`) `Pulumi.<stack>.yaml` beside the Pulumi.yaml that it finds, and can't be told otherwise.
 */
export function inSettingsFolder(args: string[]): boolean {
  const [command, subcommand = ""] = args.filter((arg) => !arg.startsWith("-"));
  return command === "stack" && writesSettings.has(subcommand);
}
