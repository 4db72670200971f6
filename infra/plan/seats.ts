/** Where a host sits on a pair's segment: the interface, address and MAC by which its peers know it. */
import type { HostEnvironment } from "../model/environment.ts";
import type { HostFacts, InterfaceFacts } from "../provider/facts/schema.ts";
import { type Cidr, contains, networkOf, parseCidr } from "./network.ts";

export interface Seat {
  interface: string;
  address: string;
  mac: string;
  /** As `10.20.0.0/24`; the VIP's own network where the host's is not known. */
  segment: string;
}

/** What seatOf needs to know about the host and the pair. */
export interface Wanted {
  vips: readonly Cidr[];
  /** VIPs of the site's other pairs, which a host may hold just now as well. */
  otherVips?: readonly Cidr[] | undefined;
  /** By the pair. */
  interface?: string | undefined;
  /** The members' network, for a host that only serves there; the VIPs need not lie in it. */
  near?: Cidr | undefined;
}

/** The seat, or why there is none. */
export type Found = { seat: Seat } | { unknown: "facts" | "no-interface" | "vip-is-own" | "not-in-subnet" };

export function seatOf(wanted: Wanted, host: HostEnvironment, facts: HostFacts | undefined): Found {
  if (facts === undefined) return seatByHand(wanted, host);
  const named = host.interface ?? wanted.interface;
  if (named !== undefined) {
    const found = facts.interfaces.find((candidate) => candidate.name === named);
    if (found === undefined) return { unknown: "no-interface" };
    const own = ownAddresses(found, wanted)[0];
    return own === undefined ? { unknown: "no-interface" } : { seat: sit(found, own, host) };
  }
  for (const candidate of facts.interfaces) {
    const own = ownAddresses(candidate, wanted).find((cidr) => hostSegment(cidr, wanted, host));
    if (own !== undefined) return { seat: sit(candidate, own, host) };
  }
  const isOwn = facts.interfaces.some((candidate) =>
    candidate.addresses.some((text) => {
      const cidr = parseCidr(text);
      return (
        cidr !== undefined && cidr.prefix < 32 && wanted.vips.some((vip) => vip.address === cidr.address)
      );
    }),
  );
  return { unknown: isOwn ? "vip-is-own" : "not-in-subnet" };
}

/** Whether this address of the host is on the network that the pair lives on. */
function hostSegment(own: Cidr, wanted: Wanted, host: HostEnvironment): boolean {
  if (host.serviceAddress !== undefined) return own.address === host.serviceAddress;
  const { near, vips } = wanted;
  return (
    vips.some((vip) => contains(own, vip.address)) || (near !== undefined && contains(near, own.address))
  );
}

/** Addresses that stay with the host: VIPs that it holds just now, and single addresses, are not among them. */
function ownAddresses(found: InterfaceFacts, wanted: Wanted): Cidr[] {
  const floating = [...wanted.vips, ...(wanted.otherVips ?? [])].map(({ address }) => address);
  return found.addresses
    .map(parseCidr)
    .filter((cidr) => cidr !== undefined)
    .filter((cidr) => cidr.prefix < 32 && !floating.includes(cidr.address));
}

function sit(found: InterfaceFacts, own: Cidr, host: HostEnvironment): Seat {
  return {
    interface: found.name,
    address: host.serviceAddress ?? own.address,
    mac: host.mac ?? found.mac.toLowerCase(),
    segment: networkOf(own),
  };
}

/** A host whose facts were never read still has a seat where the stack's configuration says all of it. */
function seatByHand(wanted: Wanted, host: HostEnvironment): Found {
  const device = host.interface ?? wanted.interface;
  const vip = wanted.vips[0];
  if (
    device === undefined ||
    host.serviceAddress === undefined ||
    host.mac === undefined ||
    vip === undefined
  ) {
    return { unknown: "facts" };
  }
  return {
    seat: {
      interface: device,
      address: host.serviceAddress,
      mac: host.mac,
      segment: networkOf({ ...vip, prefix: 24 }),
    },
  };
}
