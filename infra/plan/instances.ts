/** A pair as one member's vrrp_instance. */
import { type DraftPair, seatIn } from "./draft.ts";
import type { InstanceBlock } from "./engine-plan.ts";
import type { Notifications } from "./notifications.ts";
import type { Seat } from "./seats.ts";
import type { Tracking } from "./tracks.ts";

/** Undefined as long as the member's own seat, or the pair's VRID, is unknown. */
export function instanceOf(
  pair: DraftPair,
  member: string,
  tracking: Tracking,
  notifications: Notifications,
): InstanceBlock | undefined {
  const seat = seatIn(pair, member);
  if (seat === undefined || pair.vrid === undefined) return undefined;
  const { model } = pair;
  return {
    name: pair.name,
    interface: seat.interface,
    vrid: pair.vrid,
    priority: pair.priorities.get(member) ?? 100,
    version: versionOf(pair),
    advertsMs: model.adverts,
    preempt: model.preempt,
    preemptDelayMs: model.preemptDelay ?? 0,
    sourceAddress: seat.address,
    peers: model.transport === "unicast" ? peersOf(pair, member).map(({ address }) => address) : [],
    ...(model.auth === undefined ? {} : { auth: model.auth }),
    vips: pair.vips.map(({ address, prefix }) => ({
      address: `${address}/${prefix}`,
      interface: seat.interface,
    })),
    scripts: tracking.scripts.map(({ name }) => name),
    processes: tracking.processes.map(({ name }) => name),
    notify: notifications.lines,
    mail: notifications.mail,
    keywords: model.keywords,
  };
}

/** Where the other members sit, as far as it is known. */
export function peersOf(pair: DraftPair, member: string): Seat[] {
  return pair.members
    .filter((other) => other !== member)
    .map((other) => seatIn(pair, other))
    .filter((seat) => seat !== undefined);
}

/** VRRPv2 counts in whole seconds. */
export function versionOf({ model }: DraftPair): 2 | 3 {
  return model.version ?? (model.adverts % 1000 === 0 ? 2 : 3);
}
