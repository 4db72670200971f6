/** Only NAT rewrites packets: with DR and TUN the server gets the port that the client asked for. */
import { finding, type Rule } from "./rule.ts";

const error = finding("dr-changes-port", "error");

export const drChangesPort: Rule = ({ services }) =>
  services
    .filter(({ model }) => model.forward !== "nat")
    .flatMap(({ name, model, servers }) =>
      servers.flatMap((server, index) => {
        if (server.port === model.port) return [];
        const message = `${model.forward} cannot change the port: ${server.name} gets ${model.port}, not ${server.port}.`;
        const place = `services.${name}.servers[${index}].port`;
        return [error(place, message, `expected: ${model.port}, or \`forward: "nat"\``)];
      }),
    );
