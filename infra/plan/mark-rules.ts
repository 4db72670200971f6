/** Mark rules: how a director tells a client's packet from one that another director has balanced already. */
import type { MarkRule } from "../provider/host/schema.ts";
import { type DraftService, seatIn } from "./draft.ts";
import type { Derived } from "./host-plan.ts";
import type { Seat } from "./seats.ts";

/** The rules of one host for the services that it directs, by name. */
export function marksOf(directed: readonly DraftService[], host: string) {
  const rules: Record<string, MarkRule> = {};
  const derived: Derived[] = [];
  for (const { name, model, mark, pair } of directed) {
    const own = seatIn(pair, host);
    if (mark === undefined || own === undefined) continue;
    const others = pair.members.filter((member) => member !== host);
    const seats = others.map((member) => seatIn(pair, member)).filter((seat) => seat !== undefined);
    for (const [index, { address }] of pair.vips.entries()) {
      const service = { address, protocol: model.protocol, port: model.port, mark };
      rules[index === 0 ? name : `${name}-${index + 1}`] = markRule(service, own, seats);
    }
    for (const member of others) {
      const seat = seatIn(pair, member);
      if (seat === undefined) continue;
      const why = `the MAC of ${seat.interface} on ${member}: what that director has balanced is served here`;
      derived.push({ what: `packets of ${name} from ${seat.mac} are not marked`, why });
    }
  }
  return { rules, derived };
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
