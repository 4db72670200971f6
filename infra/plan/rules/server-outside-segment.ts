/** With DR a frame goes straight to the server: it must sit on the directors' segment. */
import { finding, type Rule } from "./rule.ts";

const error = finding("server-outside-segment", "error");

export const serverOutsideSegment: Rule = ({ services }) =>
  services
    .filter(({ model }) => model.forward === "dr")
    .flatMap(({ name, pair, servers }) =>
      servers.flatMap(({ host }, index) => {
        const found = host === undefined || pair.members.includes(host) ? undefined : pair.found.get(host);
        const place = `services.${name}.servers[${index}]`;
        if (found === undefined) return [];
        const apart =
          "seat" in found ? found.seat.segment !== pair.segment : found.unknown === "not-in-subnet";
        if (!apart || pair.vips.length === 0) return [];
        const message = `${host} has no address in ${pair.segment}, and dr reaches servers on that segment only.`;
        return [error(place, message, 'expected: an interface of it there, or `forward: "tun"` or "nat"')];
      }),
    );
