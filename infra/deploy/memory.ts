/**
 * What was last known of the hosts, for when one of them is not reached: what it was decides what the others must have.
 *
 * Kept on the operator's machine, for a failed update leaves a stack without outputs; for another operator's machine
 * there are the outputs of the last update that did not fail.
 */
import { existsSync, readFileSync } from "node:fs";
import { cachePath, keyOf, writeWhole } from "../machine/cache.ts";
import type { HostFacts } from "../provider/facts/schema.ts";
import type { Connection } from "../provider/host/schema.ts";

/** One file per stack and host; a host of the same name at another address is another host. */
function fileOf(stack: string, { host, port }: Connection): string {
  return cachePath("facts", `${keyOf([`${stack} ${host} ${port}`])}.json`);
}

export function remember(stack: string, connection: Connection, facts: HostFacts): void {
  writeWhole(fileOf(stack, connection), JSON.stringify(facts));
}

export function recall(stack: string, connection: Connection): HostFacts | undefined {
  const file = fileOf(stack, connection);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as HostFacts) : undefined;
}
