/** A VIP that lies in no network of its members. */
import { type Draft, type DraftPair, seatIn } from "../draft.ts";
import { type Cidr, contains, networkOf, parseCidr } from "../network.ts";
import { finding, type Rule } from "./rule.ts";

const error = finding("vip-outside-subnet", "error");
const note = finding("vip-outside-subnet", "note");

export const vipOutsideSubnet: Rule = (draft) =>
  draft.pairs.flatMap((pair) => [
    ...pair.members.flatMap((member) => memberFindings(draft, pair, member)),
    ...strangers(pair).map((vip) => {
      const message = `${vip.address} lies outside of ${pair.segment}: nobody finds it there by ARP alone.`;
      const remedy = `expected: on the clients and their router, a route ${vip.address}/32 that is on the link`;
      return note(`pairs.${pair.name}.vips`, message, remedy);
    }),
  ]);

function memberFindings({ facts }: Draft, pair: DraftPair, member: string) {
  const found = pair.found.get(member);
  if (found === undefined || "seat" in found || pair.vips.length === 0) return [];
  const vips = pair.vips.map(({ address }) => address).join(", ");
  const interfaces = (facts[member]?.interfaces ?? []).filter(({ name }) => name !== "lo");
  const networks = interfaces.flatMap(({ name, addresses }) =>
    addresses
      .map(parseCidr)
      .filter((cidr): cidr is Cidr => cidr !== undefined && cidr.prefix < 32)
      .map((cidr) => `${networkOf(cidr)} (${name})`),
  );
  const place = `pairs.${pair.name}`;
  if (found.unknown === "not-in-subnet") {
    const message = `${vips} lies in no network of ${member}, which has ${networks.join(", ") || "none"}.`;
    const remedy = `expected: an address in one of them; or \`interface\`, and a route to ${vips} on the link for the clients`;
    return [error(`${place}.vips`, message, remedy)];
  }
  if (found.unknown === "no-interface") {
    const names = interfaces.map(({ name }) => name).join(", ");
    const message = `${member} has no interface of that name with an address of its own.`;
    return [error(`${place}.interface`, message, `expected: one of ${names}`)];
  }
  return [];
}

/** VIPs outside of a segment that the user chose by naming the interface. */
function strangers(pair: DraftPair): Cidr[] {
  const seat = pair.members.map((member) => seatIn(pair, member)).find((one) => one !== undefined);
  const network = seat === undefined ? undefined : parseCidr(seat.segment);
  return network === undefined ? [] : pair.vips.filter(({ address }) => !contains(network, address));
}
