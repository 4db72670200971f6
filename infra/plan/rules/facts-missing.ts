/** Hosts of which nothing is known yet, and what can't be decided without them. */
import { seatIn } from "../draft.ts";
import { finding, type Rule } from "./rule.ts";

const warning = finding("facts-missing", "warning");
const error = finding("mac-unknown", "error");

export const factsMissing: Rule = ({ site, environment, facts, pairs, services }) => [
  ...site.hosts
    .filter((host) => facts[host] === undefined && environment.hosts[host] !== undefined)
    .map((host) => {
      const others = pairs
        .filter((pair) => pair.members.includes(host) && seatIn(pair, host) === undefined)
        .flatMap((pair) => pair.members.filter((member) => member !== host));
      const also = others.length === 0 ? "" : ` (nor ${[...new Set(others)].join(", ")}, which must know it)`;
      const message = `${host} was not reached, and nothing is known of it: it is left as it is${also}.`;
      return warning(
        `hosts.${host}`,
        message,
        "expected: a host that answers, or its `mac`, `interface`, `serviceAddress`",
      );
    }),
  ...services
    .filter(({ mark, pair }) => mark !== undefined && pair.members.length > 1)
    .flatMap(({ name, pair }) =>
      pair.members
        .filter((member) => seatIn(pair, member)?.mac === "")
        .map((member) => {
          const device = seatIn(pair, member)?.interface;
          const message =
            `${device} of ${member} has no MAC address: ${name} could not tell what ${member} has balanced ` +
            "already, and packets would circle.";
          return error(
            `services.${name}`,
            message,
            `expected: an Ethernet interface, or \`mac\` of ${member} in the stack`,
          );
        }),
    ),
];
