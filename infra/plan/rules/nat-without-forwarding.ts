/** NAT needs a director that forwards, and servers whose answers come back through it. */
import { finding, type Rule } from "./rule.ts";

const error = finding("nat-without-forwarding", "error");
const note = finding("nat-return-path", "note");

export const natWithoutForwarding: Rule = ({ site, services }) =>
  services
    .filter(({ model }) => model.forward === "nat")
    .flatMap(({ name, pair }) => {
      const off = site.sysctls["net.ipv4.ip_forward"] === "0";
      const message = `${name} forwards by NAT, and net.ipv4.ip_forward is set to 0: every packet would be dropped.`;
      return [
        ...(off
          ? [error("sysctls.net.ipv4.ip_forward", message, "expected: 1, or nothing: it is derived")]
          : []),
        note(
          `services.${name}.forward`,
          `with NAT the servers' answers must come back through the holder of ${pair.name}.`,
          "expected: a VIP of a second pair, in one group with it, as the servers' default route, and no other way",
        ),
      ];
    });
