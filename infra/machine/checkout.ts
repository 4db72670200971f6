/** The checkout that this code belongs to, and which of its programs was started. */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";

/** The checkout. */
export const root = resolve(import.meta.dirname, "../..");

/** Whether the module with this file name is the program that was started, as opposed to being imported. */
export function isProgram(filename: string): boolean {
  const started = process.argv[1];
  return started !== undefined && realpathSync(started) === filename;
}
