/**
 * What a file says to the runner, in comments that no engine reads:
 *
 *     #: needs lab                        only a kernel with all modules can do it
 *     #: address eth0 192.0.2.1/24        an address of the host, instead of the usual one of that family
 *     #: host COMMAND                     run on the host before the engine starts
 *     #: peer COMMAND                     the same on the peer
 *     #: peer off                         no peer comes and goes
 *     #: refused QUIRK                    Understudy refuses it, as that entry of `engine/QUIRKS.md` says
 *     #: rival                            a worse one appears that hears nobody and so is master as well
 *     #: moment NAME: COMMAND             run on the host, and compared after it; behind the usual moments
 *     #: counts                           announcements are counted at every moment, not only at the start
 *     #: wait SECONDS                     how long after each moment at least
 */

/** The directives of one file. */
export interface Directives {
  readonly needsLab: boolean;
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  readonly host: readonly string[];
  readonly peer: readonly string[];
  readonly withPeer: boolean;
  readonly withRival: boolean;
  readonly counts: boolean;
  readonly moments: readonly { readonly name: string; readonly command: string }[];
  readonly waitMs: number;
  readonly refused: string | undefined;
}

/** Reads them. A word that is none of them is a mistake of the file. */
export function directives(text: string): Directives {
  const addresses = new Map<string, string[]>();
  const [host, peer]: [string[], string[]] = [[], []];
  const moments: { name: string; command: string }[] = [];
  let [needsLab, withPeer, withRival, counts, waitMs] = [false, true, false, false, 0];
  let refused: string | undefined;
  for (const [, line = ""] of text.matchAll(/^#:\s*(.*)$/gm)) {
    const [, word = "", rest = ""] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    if (line === "needs lab") needsLab = true;
    else if (line === "peer off") withPeer = false;
    else if (line === "rival") withRival = true;
    else if (line === "counts") counts = true;
    else if (word === "refused") refused = rest;
    else if (word === "host") host.push(rest);
    else if (word === "peer") peer.push(rest);
    else if (word === "wait") waitMs = Number(rest) * 1000;
    else if (word === "address") {
      const [device = "", ...list] = rest.split(/\s+/);
      addresses.set(device, [...(addresses.get(device) ?? []), ...list]);
    } else if (word === "moment") {
      const [name = "", ...command] = rest.split(":");
      moments.push({ name, command: command.join(":").trim() });
    } else throw new Error(`no directive: #: ${line}`);
  }
  return { needsLab, addresses, host, peer, withPeer, withRival, counts, moments, waitMs, refused };
}
