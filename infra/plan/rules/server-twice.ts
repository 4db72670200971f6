/** One real server under two entries: the engine keeps the first only. */
import { finding, type Rule } from "./rule.ts";

const error = finding("server-twice", "error");

export const serverTwice: Rule = ({ services }) =>
  services.flatMap(({ name, servers }) =>
    servers.flatMap((server, index) => {
      const same = servers
        .slice(0, index)
        .find(({ name, address, port }) =>
          name === server.name
            ? port === server.port
            : address === server.address && port === server.port && address !== undefined,
        );
      if (same === undefined) return [];
      const message = `${server.name} port ${server.port} is ${same.name === server.name ? "here already" : `${same.name} already`}.`;
      return [error(`services.${name}.servers[${index}]`, message, "expected: each server once")];
    }),
  );
