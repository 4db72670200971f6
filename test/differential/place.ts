/** Where the hosts are: namespaces of this machine, or of a host of the lab, whose kernel has all modules. */
import { findEngine } from "../../infra/engine/binary.ts";
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

export async function inLab(_say: (line: string) => void): Promise<Place | string> {
  return "not yet";
}
