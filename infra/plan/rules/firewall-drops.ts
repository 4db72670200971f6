/** A firewall of somebody else's that drops what it doesn't know: an accept in our table does not overrule it. */

import type { AcceptRule } from "../../provider/host/schema.ts";
import { acceptsOf } from "../accepts.ts";
import { finding, type Rule } from "./rule.ts";

const warning = finding("firewall-drops", "warning");
const note = finding("firewall-drops", "note");

export const firewallDrops: Rule = (draft) =>
  draft.site.hosts.flatMap((host) => {
    const firewall = draft.facts[host]?.firewall;
    const accepts = Object.entries(acceptsOf(draft, host));
    if (firewall?.dropsInput !== true || accepts.length === 0) return [];
    const { tool } = firewall;
    if (tool === "iptables" || tool === "nftables") {
      const message = `${tool} on ${host} drops what it doesn't know: ${accepts.length} rules are inserted before its own.`;
      return [
        note(
          `hosts.${host}`,
          message,
          `expected: the same rules in ${tool}'s own files, where those are loaded again`,
        ),
      ];
    }
    const message =
      `${tool} on ${host} drops what it doesn't know, and an accept elsewhere does not overrule it: without these ` +
      "rules VRRP is dropped, and all members hold the VIP.";
    const commands = accepts.map(([, rule]) => commandFor(tool, rule));
    return [warning(`hosts.${host}`, message, ["expected: on that host, once", ...commands].join("\n  "))];
  });

function commandFor(tool: string, { protocol, sources, destination, port }: AcceptRule): string {
  const from = sources.length === 0 ? [""] : sources;
  if (tool === "ufw") {
    const to = port === 0 ? `to ${destination}` : `to ${destination} port ${port} proto ${protocol}`;
    const kind = port === 0 ? ` proto ${protocol}` : "";
    return from.map((source) => `ufw allow${kind} from ${source || "any"} ${to}`).join("; ");
  }
  const what = port === 0 ? `protocol value="${protocol}"` : `port port="${port}" protocol="${protocol}"`;
  const rules = from.map((source) => {
    const origin = source === "" ? "" : `source address="${source}" `;
    return `--add-rich-rule='rule family="ipv4" ${origin}destination address="${destination}" ${what} accept'`;
  });
  return `firewall-cmd --permanent ${rules.join(" ")} && firewall-cmd --reload`;
}
