/** The third host from which a deploy is proven, and the interface by which it sees the VIPs. */
import type { Environment } from "../model/environment.ts";
import { contains, parseCidr } from "../plan/network.ts";
import type { HostFacts } from "../provider/facts/schema.ts";
import type { Connection } from "../provider/host/schema.ts";
import type { PairArgs } from "../provider/pair/schema.ts";
import { connectionOf } from "./connection.ts";
import { missing, type Secrets } from "./secrets.ts";

/** Its name among the facts: no host of a site can be called so. */
const own = "observer:";

/** What to ask for facts so that `observerOf` can tell the interface; nothing where the stack gives it. */
export function observerConnection(environment: Environment): Record<string, Connection> {
  const { observer } = environment;
  return typeof observer === "object" && !observer.interface ? { [own]: connectionOf(observer) } : {};
}

/** The environment variables of the observer's commands. */
export function observerSecrets(
  { observer }: Environment,
  lookUp: (name: string) => string | undefined,
): Secrets {
  const wanted = typeof observer === "object" ? Object.entries(observer.secrets) : [];
  const values = wanted.map(([variable, name]) => [variable, lookUp(name) ?? ""] as const);
  const findings = wanted.filter(([, name]) => lookUp(name) === undefined).map(([, name]) => missing(name));
  return { values: Object.fromEntries(values), findings };
}

export function observerOf(
  environment: Environment,
  facts: Record<string, HostFacts>,
  vips: readonly string[],
): PairArgs["observer"] {
  const { observer, hosts } = environment;
  if (observer === undefined) return undefined;
  const name = typeof observer === "string" ? observer : observer.address;
  const host = typeof observer === "string" ? hosts[observer] : observer;
  if (!host) return undefined;
  const known = facts[typeof observer === "string" ? observer : own];
  const found = host.interface ?? known?.interfaces.find((i) => sees(i.addresses, vips))?.name;
  return found === undefined ? undefined : { name, connection: connectionOf(host), interface: found };
}

function sees(addresses: readonly string[], vips: readonly string[]): boolean {
  return addresses.some((text) => {
    const network = parseCidr(text);
    return network !== undefined && network.prefix < 32 && vips.some((vip) => inside(network, vip));
  });
}

function inside(network: NonNullable<ReturnType<typeof parseCidr>>, vip: string): boolean {
  const address = parseCidr(vip)?.address;
  return address !== undefined && contains(network, address);
}
