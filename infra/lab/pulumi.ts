/** How Pulumi is run so that it reaches the lab's hosts: inside their namespace, with the lab's keys. */
import { dirname } from "node:path";
import type { Lab } from "./lab.ts";

export interface LabPulumiOptions {
  wrap: (argv: string[]) => string[];
  env: Record<string, string>;
}

export function labPulumiOptions(lab: Lab): LabPulumiOptions {
  return {
    wrap: (argv) => lab.command(argv),
    env: { UNDERSTUDY_SSH_DIR: dirname(lab.sshFiles().identity) },
  };
}
