/** What the host's firewall must let in: VRRP from the peers, the services, and the directors' checks. */
import type { AcceptRule } from "../provider/host/schema.ts";
import { type Draft, seatIn } from "./draft.ts";
import { peersOf } from "./instances.ts";

export function acceptsOf(draft: Draft, host: string): Record<string, AcceptRule> {
  const rules: Record<string, AcceptRule> = {};
  for (const pair of draft.pairs.filter(({ members }) => members.includes(host))) {
    const own = seatIn(pair, host);
    if (own === undefined) continue;
    const multicast = pair.model.transport === "multicast";
    rules[`vrrp-${pair.name}`] = {
      protocol: "vrrp",
      sources: peersOf(pair, host)
        .map(({ address }) => address)
        .sort(),
      destination: multicast ? "224.0.0.18" : own.address,
      port: 0,
    };
    for (const port of pair.model.ports) {
      for (const [index, { address }] of pair.vips.entries()) {
        const name = `${pair.name}-${port}${index === 0 ? "" : `-${index + 1}`}`;
        rules[name] = { protocol: "tcp", sources: [], destination: address, port };
      }
    }
  }
  for (const { name, model, pair, servers } of draft.services) {
    const serves = servers.find((server) => server.host === host);
    const takes = pair.members.includes(host) || (serves !== undefined && model.forward !== "nat");
    for (const [index, { address }] of takes ? pair.vips.entries() : []) {
      const rule = { protocol: model.protocol, sources: [], destination: address, port: model.port };
      rules[index === 0 ? name : `${name}-${index + 1}`] = rule;
    }
    if (serves?.address !== undefined) {
      const directors = pair.members
        .filter((member) => member !== host)
        .map((member) => seatIn(pair, member)?.address)
        .filter((address) => address !== undefined)
        .sort();
      rules[`${name}-check`] = {
        protocol: model.protocol,
        // NAT keeps the client's address: whoever may use the service comes here.
        sources: model.forward === "nat" ? [] : directors,
        destination: serves.address,
        port: serves.port,
      };
    }
  }
  return rules;
}
