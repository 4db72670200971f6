/** What was derived for the site as a whole, with its reasons: shown in the preview. */
import { type Draft, seatIn } from "./draft.ts";
import type { Derived } from "./host-plan.ts";

export function derivedOf(draft: Draft): Derived[] {
  const derived: Derived[] = [];
  for (const pair of draft.pairs) {
    const { name, model, vrid, segment, priorities, members } = pair;
    if (model.vrid === undefined && vrid !== undefined) {
      derived.push({ what: `${name}: VRID ${vrid}`, why: `lowest free on segment ${segment}` });
    }
    const typed = Object.keys(model.priorities).length > 0;
    const ranks = members.map((member) => `${member} ${priorities.get(member)}`).join(", ");
    if (!typed) derived.push({ what: `${name}: priorities ${ranks}`, why: "the first member is preferred" });
    for (const member of members) {
      const seat = seatIn(pair, member);
      if (seat === undefined) continue;
      const what = `${name}: ${seat.interface} (${seat.address}) on ${member}`;
      derived.push({
        what,
        why: model.interface === undefined ? `its network ${seat.segment} holds the VIP` : "the site says so",
      });
    }
  }
  for (const { name, model, mark, servingDirectors } of draft.services) {
    if (model.check.kind === "login") {
      const { user, password = `${user}-password` } = model.check;
      const why = "every director logs in to every server; the user must exist there, and needs no privilege";
      derived.push({ what: `${name}: checked as ${user} with the secret ${password}`, why });
    }
    if (mark === undefined || model.mark !== undefined) continue;
    const why = `lowest free; ${servingDirectors.join(" and ")} both balance and serve, so an address can't tell`;
    derived.push({ what: `${name}: firewall mark ${mark}`, why });
  }
  return derived;
}
