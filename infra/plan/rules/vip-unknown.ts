/** A VIP that is no address and names none; or that two pairs share. */
import { didYouMean } from "../../model/suggest.ts";
import { resolveVip } from "../draft.ts";
import { finding, type Rule } from "./rule.ts";

const error = finding("vip-unknown", "error");
const shared = finding("vip-shared", "error");

export const vipUnknown: Rule = ({ site, environment }) => {
  const found = [];
  const holders = new Map<string, string>();
  for (const [pair, { vips }] of Object.entries(site.pairs)) {
    for (const [index, vip] of vips.entries()) {
      const place = `pairs.${pair}.vips[${index}]`;
      const cidr = resolveVip(vip, environment);
      if (cidr === undefined) {
        found.push(
          error(place, messageFor(vip, environment.addresses[vip]), remedyFor(vip, environment.addresses)),
        );
        continue;
      }
      const other = holders.get(cidr.address);
      if (other !== undefined) {
        found.push(
          shared(place, `${cidr.address} is a VIP of ${other} already.`, "expected: an address of its own"),
        );
      }
      holders.set(cidr.address, `\`${pair}\``);
    }
  }
  return found;
};

function messageFor(vip: string, named: string | undefined): string {
  const text =
    named === undefined ? `"${vip}"` : `\`${vip}\` of the stack's \`understudy:addresses\`, "${named}",`;
  if (text.includes(":")) return `${text} looks like an IPv6 address; VIPs are IPv4 so far.`;
  return named === undefined ? `${text} is no IPv4 address, and names none.` : `${text} is no IPv4 address.`;
}

function remedyFor(vip: string, addresses: Readonly<Record<string, string>>): string {
  if (/^[0-9./]+$/.test(vip)) return "expected: four numbers up to 255, as 10.20.0.200, or 10.20.0.200/24";
  return (
    didYouMean(vip, Object.keys(addresses)) || "expected: an address, or a name under `understudy:addresses`"
  );
}
