/** Kernel settings of one host, with their reasons. */
import { type Draft, seatIn } from "./draft.ts";
import type { Derived } from "./host-plan.ts";

export interface Sysctls {
  values: Record<string, string>;
  derived: Derived[];
}

export function sysctlsOf(draft: Draft, host: string): Sysctls {
  const values: Record<string, string> = {};
  const derived: Derived[] = [];
  const set = (why: string, settings: Record<string, string>) => {
    const fresh = Object.keys(settings).filter((key) => !(key in values));
    Object.assign(values, settings);
    if (fresh.length > 0)
      derived.push({ what: fresh.map((key) => `${key} = ${settings[key]}`).join(", "), why });
  };
  for (const { model, pair, servers, name } of draft.services) {
    const directs = pair.members.includes(host);
    const serves = servers.some((server) => server.host === host);
    // A dot in an interface's name is written as a slash: dots part the words of a key.
    const device = seatIn(pair, host)?.interface.replaceAll(".", "/");
    if (directs && model.forward === "nat") {
      set(`${host} forwards for ${name} by NAT`, { "net.ipv4.ip_forward": "1" });
    }
    if (directs) {
      set(`${host} is a director of ${name}: clients must not be told to go around it`, {
        "net.ipv4.conf.all.send_redirects": "0",
        "net.ipv4.conf.default.send_redirects": "0",
        ...(device === undefined ? {} : { [`net.ipv4.conf.${device}.send_redirects`]: "0" }),
      });
    }
    if (serves && model.forward !== "nat") {
      set(`${host} carries the VIP of ${name} without holding it: only the holder may answer ARP`, {
        "net.ipv4.conf.all.arp_ignore": "1",
        "net.ipv4.conf.all.arp_announce": "2",
        "net.ipv4.conf.lo.arp_ignore": "1",
        "net.ipv4.conf.lo.arp_announce": "2",
      });
    }
    if (serves && model.forward === "tun") {
      set(`${host} takes packets of ${name} out of a tunnel, from where the route back does not lead`, {
        "net.ipv4.conf.all.rp_filter": "0",
        "net.ipv4.conf.tunl0.rp_filter": "0",
      });
    }
  }
  for (const { name, model, members } of draft.pairs) {
    const bound = model.ports.length > 0 || Object.values(model.track).some(({ kind }) => kind === "haproxy");
    if (members.includes(host) && bound) {
      set(`the standby of ${name} binds the VIP before it holds it`, { "net.ipv4.ip_nonlocal_bind": "1" });
    }
  }
  set("the site says so", draft.site.sysctls);
  return { values: sorted(values), derived };
}

/** By key, so that a site written in another order gives the same file. */
export function sorted<Value>(record: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
