/** IPv4 addresses and networks as text; only what planning asks about them. */

export interface Cidr {
  address: string;
  prefix: number;
}

const octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const ipv4 = new RegExp(`^${octet}(\\.${octet}){3}$`);

export function isAddress(text: string): boolean {
  return ipv4.test(text);
}

/** `10.20.0.200` (as /32) or `10.20.0.200/24`; undefined for anything else. */
export function parseCidr(text: string): Cidr | undefined {
  const [, address, prefix = "32"] = /^([^/]+)(?:\/(\d{1,2}))?$/.exec(text) ?? [];
  if (address === undefined || !isAddress(address) || Number(prefix) > 32) return undefined;
  return { address, prefix: Number(prefix) };
}

/** `10.20.0.0/24` for `10.20.0.11/24`. */
export function networkOf({ address, prefix }: Cidr): string {
  const bits = toNumber(address) & maskOf(prefix);
  return `${toText(bits >>> 0)}/${prefix}`;
}

export function contains(network: Cidr, address: string): boolean {
  const mask = maskOf(network.prefix);
  return (toNumber(network.address) & mask) === (toNumber(address) & mask);
}

function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : -1 << (32 - prefix);
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => (sum << 8) | Number(part), 0);
}

function toText(bits: number): string {
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join(".");
}
