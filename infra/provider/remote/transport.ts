/** How the provider talks to a host: a shell script goes in, what it printed comes out. Tests put a folder in its place. */

import { quote } from "../../machine/shell.ts";
import type { Connection } from "../host/schema.ts";

export interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Transport {
  /**
   * Runs `script` with root's rights by the host's POSIX shell and waits for its end. The script travels on stdin, so
   * nothing in it shows in a process list on either side.
   *
   * Throws `Unreachable` when the host can't be asked at all, and the signal's reason when it is aborted.
   */
  run(script: string, signal: AbortSignal): Promise<Output>;
}

export type Connect = (connection: Connection) => Transport;

/** The host could not be asked; the message is the named reason, as `connection refused`. */
export class Unreachable extends Error {}

/** A shell command of the given words. */
export function command(...words: string[]): string {
  return words.map(quote).join(" ");
}

/**
 * A script of function definitions and calls that the host's shell reads to its end before it does anything: a
 * connection that breaks half-way in leaves the host untouched, one that breaks later does not stop it half-way.
 */
export function script(definitions: string, calls: string[]): string {
  return `${definitions}\nmain() {\n:\n${calls.join("\n")}\n}\ntrap '' HUP PIPE\nmain </dev/null\n`;
}
