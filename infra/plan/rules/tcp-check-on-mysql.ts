/** A database counts a client that connects and leaves as an error, and locks the host out after enough of them. */
import { finding, type Rule } from "./rule.ts";

const warning = finding("tcp-check-on-mysql", "warning");

export const tcpCheckOnMysql: Rule = ({ services }) =>
  services
    .filter(
      ({ model, servers }) => model.check.kind === "connect" && servers.some(({ port }) => port === 3306),
    )
    .map(({ name, model }) => {
      const seconds = Math.round((100 * model.check.every) / 1000);
      const message =
        "MySQL counts a bare connect as an error: with name resolution on, it blocks the directors after 100 of them " +
        `(max_connect_errors), here after ${seconds} s, while this check stays green.`;
      const remedy = "expected: `logsIn({ user: ... })`, or `skip-name-resolve` on the servers";
      return warning(`services.${name}.check`, message, remedy);
    });
