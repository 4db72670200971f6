/** A VIP that is some host's own address: it could never move. */
import { finding, type Rule } from "./rule.ts";

const error = finding("vip-is-host-address", "error");

export const vipIsHostAddress: Rule = ({ environment, pairs }) =>
  pairs.flatMap((pair) => {
    const owners = Object.entries(environment.hosts).flatMap(([host, { address, serviceAddress }]) =>
      pair.vips
        .filter((vip) => vip.address === address || vip.address === serviceAddress)
        .map((vip) => ({ host, address: vip.address })),
    );
    for (const [host, found] of pair.found) {
      const address = pair.vips[0]?.address ?? "";
      if (
        "unknown" in found &&
        found.unknown === "vip-is-own" &&
        !owners.some((owner) => owner.host === host)
      ) {
        owners.push({ host, address });
      }
    }
    return owners.map(({ host, address }) =>
      error(
        `pairs.${pair.name}.vips`,
        `${address} is ${host}'s own address: a VIP moves between hosts, and leaves none without an address.`,
        "expected: a free address of the same network",
      ),
    );
  });
