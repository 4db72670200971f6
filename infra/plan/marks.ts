/** Firewall marks: one number per service that is matched by mark. */

/** By service: the lowest free mark from 1 on; typed ones are taken first. */
export function allocateMarks(
  wishes: readonly { service: string; wanted?: number | undefined }[],
  reserved: readonly number[],
): Map<string, number> {
  const taken = new Set(reserved);
  for (const { wanted } of wishes) if (wanted !== undefined) taken.add(wanted);
  const given = new Map<string, number>();
  for (const { service, wanted } of wishes) {
    let mark = wanted ?? 1;
    while (wanted === undefined && taken.has(mark)) mark++;
    taken.add(mark);
    given.set(service, mark);
  }
  return given;
}
