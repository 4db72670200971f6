/** How Pulumi is run so that it reaches the lab's hosts: inside their namespace, with the lab's keys. */
import { dirname } from "node:path";
import type { Lab } from "./lab.ts";
import { hasNamespace } from "./segment.ts";

export interface LabPulumiOptions {
  wrap: (argv: string[]) => string[];
  env: Record<string, string>;
}

/** For a stack of the lab; nothing is wrapped while the lab is down. */
export async function labPulumiOptions(lab: Lab): Promise<LabPulumiOptions> {
  const up = await hasNamespace(lab.places).catch(() => false); // no `ip`: no lab
  return {
    wrap: (argv) => (up ? lab.command(argv) : argv),
    env: up ? { UNDERSTUDY_SSH_DIR: dirname(lab.sshFiles().identity) } : {},
  };
}
