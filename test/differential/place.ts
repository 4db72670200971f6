/** Where the hosts are: namespaces of this machine, or of a host of the lab, whose kernel has all modules. */
import { findEngine } from "../../infra/engine/binary.ts";
import { openLab } from "../../infra/lab/lab.ts";
import { labUnavailable } from "../../infra/lab/requirements.ts";
import { quote } from "../../infra/machine/shell.ts";
import { missingFor } from "../support/namespace.ts";
import type { Wrap } from "./shell.ts";
import type { Engine } from "./side.ts";

export interface Place {
  readonly wrap: Wrap;
  readonly keepalived: Engine;
  readonly understudy: Engine;
  readonly localProgram: string;
  readonly close: () => Promise<void>;
}

const programs = ["keepalived", "tcpdump", "ip", "nft", "unshare", "chroot"];

/** Why nothing can be compared on this machine; undefined where it can. */
export function unavailable(): string | undefined {
  return missingFor(...programs);
}

/** This machine; the reason where that is impossible. */
export async function here(): Promise<Place | string> {
  const why = unavailable();
  if (why !== undefined) return why;
  const { path: program } = await findEngine();
  return {
    wrap: (argv) => argv,
    keepalived: { name: "keepalived", program: "/usr/sbin/keepalived" },
    understudy: { name: "understudy", program },
    localProgram: program,
    close: async () => {},
  };
}

/** A host of the lab, which is switched off afterwards. */
export async function inLab(say: (line: string) => void): Promise<Place | string> {
  const why = labUnavailable();
  if (why !== undefined) return why;
  const lab = openLab(process.env.UNDERSTUDY_LAB ?? "differential");
  const { path: program } = await findEngine();
  try {
    await lab.up(["lb1"], say);
    await lab.put("lb1", program, "/root/understudy");
  } catch (error) {
    await lab.destroy();
    throw error;
  }
  // It ends with the connection: its standard input does.
  const wrap = (argv: readonly string[]) =>
    lab.command(["ssh", "-F", lab.sshFiles().config, "lb1", argv.map(quote).join(" ")]);
  return {
    wrap,
    keepalived: { name: "keepalived", program: "/usr/sbin/keepalived" },
    understudy: { name: "understudy", program: "/root/understudy" },
    localProgram: program,
    close: () => lab.destroy(),
  };
}
