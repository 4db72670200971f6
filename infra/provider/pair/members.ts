/** What the members of a pair say of one instance, and what follows from it together. */
import { type EngineStatus, parseStatus } from "../remote/engine-status.ts";
import { decode } from "../remote/inventory.ts";
import { statusLibrary } from "../remote/library.ts";
import { script, type Transport, Unreachable } from "../remote/transport.ts";

/** One member's answer about the instance. */
export interface MemberState {
  name: string;
  /** `understudy status`' exit code; 3 when the engine doesn't run. */
  code: number;
  status: EngineStatus | undefined;
  /** Why it could not be asked; empty when it could. */
  unreachable: string;
}

export async function askMember(name: string, host: Transport, signal: AbortSignal): Promise<MemberState> {
  try {
    const output = await host.run(script(statusLibrary, ["engine_status"]), signal);
    const [, code = "3", text = ""] = /^status\t(\d+)\t(.*)$/m.exec(output.stdout) ?? [];
    return { name, code: Number(code), status: parseStatus(decode(text)), unreachable: "" };
  } catch (error) {
    if (signal.aborted || !(error instanceof Unreachable)) throw error;
    return { name, code: 3, status: undefined, unreachable: error.message };
  }
}

const instanceOf = (member: MemberState, instance: string) =>
  member.status?.instances.find((i) => i.name === instance);

const bare = (address: string): string => address.split("/")[0] ?? address;

function holds(member: MemberState, instance: string, vips: string[]): boolean {
  const found = instanceOf(member, instance);
  const held = (found?.vips ?? []).filter((vip) => vip.held).map((vip) => bare(vip.address));
  return found?.state === "MASTER" || vips.some((vip) => held.includes(bare(vip)));
}

/** Who holds the VIPs: a name, `db1 and db2` when both do, `nobody`. */
export function holderOf(members: MemberState[], instance: string, vips: string[]): string {
  return (
    members
      .filter((member) => holds(member, instance, vips))
      .map((member) => member.name)
      .join(" and ") || "nobody"
  );
}

/** Who holds the VIPs or could take them over now. */
export function readyOf(members: MemberState[], instance: string): string[] {
  return members
    .filter((member) => ["MASTER", "BACKUP"].includes(instanceOf(member, instance)?.state ?? ""))
    .map((member) => member.name);
}

/** What is wrong with the pair, one sentence each; empty when exactly one holds everything and the rest can take over. */
export function troubles(members: MemberState[], instance: string, vips: string[], holder: string): string[] {
  const result: string[] = [];
  for (const member of members) {
    const state = instanceOf(member, instance)?.state;
    if (member.unreachable) result.push(`${member.name} is unreachable: ${member.unreachable}`);
    else if (!member.status) result.push(`${member.name}: the engine is not running`);
    else if (!state) result.push(`${member.name}: its engine knows no instance ${instance}`);
    else if (state === "FAULT" || state === "INIT")
      result.push(`${member.name} is in ${state}${because(member.status.problems)}`);
  }
  const holding = members.filter((member) => holds(member, instance, vips));
  if (holding.length > 1)
    result.push(
      `two holders: ${holderOf(members, instance, vips)} both hold ${vips.join(", ")}; ` +
        "do they hear each other (a firewall that drops VRRP, the same VRID and password)?",
    );
  const [only] = holding;
  if (!only) result.push(`nobody holds ${vips.join(", ")}`);
  else if (holding.length === 1) {
    const held =
      instanceOf(only, instance)
        ?.vips.filter((vip) => vip.held)
        .map((vip) => bare(vip.address)) ?? [];
    const missing = vips.filter((vip) => !held.includes(bare(vip)));
    if (missing.length > 0) result.push(`${only.name} is MASTER without ${missing.join(", ")}`);
    if (holder && only.name !== holder)
      result.push(`${only.name} holds ${vips.join(", ")}, ${holder} should`);
  }
  return result;
}

const because = (problems: string[]): string => (problems.length > 0 ? ` (${problems.join("; ")})` : "");
