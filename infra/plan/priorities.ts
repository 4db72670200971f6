/** Priorities: the first member is preferred. */

/** 100, 90, ... in the members' order; with more than ten members the steps get smaller. Typed ones win. */
export function assignPriorities(
  members: readonly string[],
  typed: Readonly<Record<string, number>>,
): Map<string, number> {
  const roomy = members.length <= 10;
  const [top, step] = roomy ? [100, 10] : [254, Math.floor(253 / members.length)];
  return new Map(members.map((member, index) => [member, typed[member] ?? Math.max(1, top - index * step)]));
}
