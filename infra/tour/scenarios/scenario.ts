/** A scenario of the tour: a site, the lab's hosts that play it, and what is shown of it. */
import type { HostName } from "../../lab/address.ts";
import type { Lab } from "../../lab/lab.ts";
import type { Target } from "../../lab/measure.ts";

/** A change that somebody makes by hand on a host, and that must be shown and repaired. */
export interface HandMadeChange {
  host: HostName;
  /** What a person would say happened. */
  story: string;
  /** Makes the change. */
  change: string[];
  /** Path of the value in the preview. */
  path: string;
  /** Prints the live value. */
  look: string[];
  /** What `look` prints when all is well. */
  wanted: string;
}

export interface Scenario {
  /** As `s5`. */
  id: string;
  /** Name of the site. */
  site: string;
  /** Stack whose configuration is for the lab. */
  stack: string;
  /** Hosts of the lab, the client last. */
  hosts: HostName[];
  /** The member that is preferred, and the one that takes over. */
  master: HostName;
  standby: HostName;
  /** Name of the VRRP instance. */
  instance: string;
  client: HostName;
  /** What the client asks. */
  target: Target;
  /** Who logs in for the balance, if the protocol has such a thing. */
  login?: string;
  /** Servers that must all answer while all is well. */
  servers: HostName[];
  /** Names of the stack's secrets; their values are random. */
  secrets: string[];
  /** Puts the user's own services on the hosts: what Understudy finds there. */
  prepare(lab: Lab, secret: (name: string) => string, doing: (what: string) => void): Promise<void>;
  drift: HandMadeChange;
}
