/** The configuration of a peer that runs the same virtual routers as a file, with another priority. */
import { all, entries, type Line, value } from "./blocks.ts";
import type { Needs, Router } from "./needs.ts";

/** What the peer has to say in the same words. */
const kept = [
  ...["interface", "virtual_router_id", "version", "advert_int", "mcast_dst_ip", "native_ipv6"],
  ...["v3_checksum_as_v2", "auth_type", "old_unicast_checksum"],
];

/** `passwords` are those of the virtual routers in the order of the file: they are shown nowhere else. */
export function peerConfiguration(needs: Needs, passwords: readonly string[], priority: number): string {
  let secret = 0;
  const blocks = needs.routers.map((router) => {
    const authenticated = all(router.block, "authentication").length > 0;
    const source = sourceOf(router, needs);
    return instance(router, priority, source, authenticated ? passwords[secret++] : undefined);
  });
  return ["global_defs {\n    dynamic_interfaces\n}", ...blocks].join("\n\n");
}

/** The address that the file's adverts come from. */
function sourceOf({ block }: Router, { devices }: Needs): string | undefined {
  const told = (value(block, "unicast_src_ip") ?? value(block, "mcast_src_ip"))?.[0];
  const six = entries(block, "unicast_peer")[0]?.[0]?.includes(":") ?? false;
  const device = devices.find(({ name }) => name === value(block, "interface")?.[0]);
  return told ?? device?.addresses.find((address) => address.includes(":") === six)?.split("/")[0];
}

function instance(
  { name, block }: Router,
  priority: number,
  source: string | undefined,
  password: string | undefined,
): string {
  const device = value(block, "interface")?.[0];
  const words = (line: string) => value(block, line);
  const lines = kept
    .filter((line) => line !== "auth_type")
    .flatMap((line) => (words(line) === undefined ? [] : [`${line} ${words(line)?.join(" ")}`]));
  const addresses = entries(block, "virtual_ipaddress").map(
    ([address]) => `${address}${device ? ` dev ${device}` : ""}`,
  );
  const peers = entries(block, "unicast_peer").map(([address]) => address);
  const kind = all(block, "auth_type")[0]?.words[1];
  return list(`vrrp_instance ${name}`, [
    ...lines,
    `priority ${priority}`,
    ...(kind && password
      ? list("authentication", [`auth_type ${kind}`, `auth_pass ${password}`]).split("\n")
      : []),
    ...(peers.length > 0 && source
      ? [`unicast_src_ip ${peers[0]}`, ...list("unicast_peer", [source]).split("\n")]
      : []),
    ...(addresses.length > 0 ? list("virtual_ipaddress", addresses).split("\n") : ["no_virtual_ipaddress"]),
  ]);
}

function list(header: string, lines: readonly string[]): string {
  return [`${header} {`, ...lines.map((line) => `    ${line}`), "}"].join("\n");
}

/** The passwords of a file, in order. */
export function passwordsOf(lines: readonly Line[]): string[] {
  return all(lines, "authentication").map(({ block }) => value(block, "auth_pass")?.[0] ?? "");
}
