/** Firewall marks: how a director tells a client's packet from one that another director has balanced already. */
import type { MarkRule } from "../provider/host/schema.ts";
import type { Seat } from "./seats.ts";

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

/** The mark rule of one director: packets to the service, except those that come from another director's MAC. */
export function markRule(
  service: { address: string; protocol: MarkRule["protocol"]; port: number; mark: number },
  own: Seat,
  others: readonly Seat[],
): MarkRule {
  return {
    interface: own.interface,
    address: service.address,
    protocol: service.protocol,
    port: service.port,
    mark: service.mark,
    exceptMacs: others.map((seat) => seat.mac).sort(),
  };
}
