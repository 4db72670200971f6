/** Which hosts and networks the lab has, and the numbers that follow from them. All of it is fixed. */

/** The hosts' numbers: number N is the last part of the host's address in every network. */
export const hostNumbers = {
  client: 10,
  lb1: 11,
  lb2: 12,
  rs1: 13,
  rs2: 14,
  db1: 15,
  db2: 16,
  db3: 17,
} as const;

/** A host of the lab. */
export type HostName = keyof typeof hostNumbers;

/** All hosts, in the order of their numbers. */
export const hostNames = Object.keys(hostNumbers) as HostName[];

/** What `up` starts when it is told nothing: the hosts of `mysql-read-vip`, and somebody to ask them. */
export const defaultHosts: readonly HostName[] = ["client", "db1", "db2", "db3"];

/** The networks. SSH goes over `mgmt` alone, so that no fault on the others cuts the operator off. */
export const networks = {
  front: { number: 0, prefix4: "10.20.0.", prefix6: "fd20::", device: "eth0" },
  back: { number: 1, prefix4: "10.30.0.", prefix6: "fd30::", device: "eth1" },
  mgmt: { number: 2, prefix4: "10.99.0.", prefix6: "fd99::", device: "mgmt" },
} as const;

/** A network of the lab. */
export type Network = keyof typeof networks;

/** All networks, in the order in which a host's kernel numbers its devices. */
export const networkNames = Object.keys(networks) as Network[];

/** The host's IPv4 address in a network, without prefix length (which is 24). */
export function address(host: HostName, network: Network): string {
  return `${networks[network].prefix4}${hostNumbers[host]}`;
}

/** The host's IPv6 address in a network, without prefix length (which is 64). Decimal digits on purpose. */
export function address6(host: HostName, network: Network): string {
  return `${networks[network].prefix6}${hostNumbers[host]}`;
}

/** The hardware address; scenarios filter on it, so it never changes. */
export function mac(host: HostName, network: Network): string {
  const last = hostNumbers[host].toString(16).padStart(2, "0");
  return `02:00:00:0${networks[network].number}:00:${last}`;
}

/** The name of the host's end in the lab's namespace; at most 15 characters, as the kernel wants. */
export function tap(host: HostName, network: Network): string {
  return `${host}-${network}`;
}

/** Takes a word from the command line for a host. */
export function asHost(word: string): HostName {
  if (word in hostNumbers) return word as HostName;
  throw new Error(`no host ${JSON.stringify(word)} in the lab; it has ${hostNames.join(", ")}`);
}

/** Takes a word from the command line for a network. */
export function asNetwork(word: string): Network {
  if (word in networks) return word as Network;
  throw new Error(`no network ${JSON.stringify(word)} in the lab; it has ${networkNames.join(", ")}`);
}

/** What the hosts have as `/etc/hosts`: the bare name is the address in `front`. */
export function hostsFile(): string {
  const lines = hostNames.flatMap((host) => [
    `${address(host, "front")} ${host}`,
    `${address(host, "back")} ${host}-back`,
    `${address(host, "mgmt")} ${host}-mgmt`,
  ]);
  return ["127.0.0.1 localhost", "::1 localhost", ...lines, ""].join("\n");
}

/** What the host reads at boot: one `NAME=ADDRESS4,ADDRESS6` for each device, in the kernel's order. */
export function devicesFile(host: HostName): string {
  return networkNames
    .map((n) => `${networks[n].device}=${address(host, n)}/24,${address6(host, n)}/64\n`)
    .join("");
}
