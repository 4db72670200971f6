/** The differences that are meant. Each names the entry of `engine/QUIRKS.md` that says why. */

export interface Known {
  /** The first cell of a row of `engine/QUIRKS.md`. */
  readonly quirk: string;
  /** Names of files, without their folder; all where it is left out. */
  readonly file?: RegExp;
  readonly moment?: RegExp;
  readonly key: RegExp;
  /** What else must be so of the two values. */
  readonly holds?: (keepalived: string | undefined, understudy: string | undefined) => boolean;
}

const onlyTheirs: Known["holds"] = (keepalived, understudy) =>
  keepalived !== undefined && understudy === undefined;
const onlyOurs: Known["holds"] = (keepalived, understudy) =>
  keepalived === undefined && understudy !== undefined;

/** The same words in another order. */
const sameWords: Known["holds"] = (keepalived = "", understudy = "") =>
  keepalived.split(" ").sort().join(" ") === understudy.split(" ").sort().join(" ");

/** They announce less often than we do, and we as often as was asked. */
const fewer: Known["holds"] = (keepalived = "", understudy = "") =>
  Number.parseInt(keepalived, 10) < Number.parseInt(understudy, 10);

const deletedAddress = "A VIP that somebody deletes";

export const known: readonly Known[] = [
  {
    quirk: "Announcements that an earlier mastership owes",
    moment: /^(?!start|reload)/,
    key: /^announce (?!.* 10\.7\d\.0\.[1-9] )/,
    holds: onlyTheirs,
  },
  { quirk: "Members of a sync group become master", key: /^address \S+ in order$/, holds: sameWords },
  {
    quirk: "A group of owners at the start",
    file: /^group-owners/,
    moment: /^start/,
    key: /^(fifo|notify) (INSTANCE|GROUP)/,
  },
  { quirk: "The table of `no_accept`", key: /^firewall /, holds: onlyTheirs },
  {
    quirk: "The table of `no_accept`",
    key: /^firewall ip6 /,
    holds: (theirs) => /_link_local/.test(theirs ?? ""),
  },
  {
    quirk: "The table of `no_accept`",
    file: /^vmac-strict/,
    key: /^firewall ip /,
    holds: (theirs, ours) => !/vips/.test(ours ?? "") && !/elements.*10\./.test(theirs ?? ""),
  },
  {
    quirk: "Filters of a VMAC for one address",
    file: /^vmac-one-address/,
    key: /^firewall ip /,
    holds: onlyOurs,
  },
  {
    quirk: "Filters of a VMAC with an address of one's own",
    file: /^vmac-mac/,
    key: /^firewall ip /,
    holds: onlyOurs,
  },
  { quirk: "Kernel settings of a VMAC's parent", moment: /^stop/, key: /^setting .*arp_(ignore|filter)$/ },
  {
    quirk: "`rp_filter` of all interfaces with VMACs",
    file: /^vmac-reverse-path/,
    key: /^setting ipv4\/conf\/lo\/rp_filter$/,
  },
  {
    quirk: "`rtt`, `rttvar`, `rto_min` below 200 ms",
    file: /^routes-metrics/,
    key: /^route 192\.0\.4\.0\/24 .* rtt /,
  },
  {
    quirk: "`inet6 table 100`, `inet6 from any`",
    file: /^rules-virtual/,
    key: /^rule -6 1014:/,
    holds: onlyOurs,
  },
  {
    quirk: "A rule with `no_track` and without `protocol`",
    file: /^rules-deleted/,
    key: /^rule 1001: /,
  },
  {
    quirk: "A route or rule that somebody deletes",
    file: /^(routes|rules)-deleted/,
    moment: /^somebody/,
    key: /^(fifo|advert|announce) /,
  },
  {
    quirk: "A route or rule that somebody deletes",
    file: /^(routes|rules)-deleted/,
    moment: /^(somebody|reload)/,
    key: /^(route|rule) /,
    holds: onlyOurs,
  },
  { quirk: "A VIP with `peer`", file: /^addresses-options/, key: /10\.77\.0\.[12]06/, holds: onlyTheirs },
  {
    quirk: "A VIP with `peer`",
    file: /^addresses-options/,
    key: /^address eth0 in order/,
    holds: (theirs, ours) => theirs?.replace(" 10.77.0.106", "") === ours,
  },
  {
    quirk: "VMACs of IPv6 instances",
    file: /^vmac-six/,
    key: /^(address vrrp\.51 fe80::77:|setting ipv4\/conf\/vrrp\.51\/arp_ignore|firewall ip6 keepalived)/,
  },
  { quirk: "Quotes behind a backslash in a command", file: /^language-quotes/, key: /^notify / },
  { quirk: "A reload and priorities", moment: /^reload/, key: /^fifo INSTANCE/, holds: onlyTheirs },
  { quirk: "A reload and priorities", file: /^reload-scripts/, moment: /^reload/, key: /^fifo INSTANCE/ },
  {
    quirk: "Scripts that end at the same moment",
    file: /^track-script-weights/,
    moment: /^start/,
    key: /^fifo INSTANCE/,
    holds: (theirs, ours) => theirs?.split("\n").at(-1) === ours?.split("\n").at(-1),
  },
  {
    quirk: "`reverse` at a reload",
    file: /^track-script-weights/,
    moment: /^(reload|stop)/,
    key: /^(state|fifo INSTANCE|advert) /,
  },
  {
    quirk: "FIFO scripts at a reload",
    file: /^notify-fifo-script/,
    moment: /^reload/,
    key: /^notify /,
    holds: onlyTheirs,
  },
  {
    quirk: "Announcements that wait for their interval",
    file: /^garp-(global|groups)/,
    key: /^announce /,
    holds: fewer,
  },
  {
    quirk: deletedAddress,
    file: /^addresses-deleted/,
    moment: /^somebody/,
    key: /^(fifo|advert) /,
    holds: onlyTheirs,
  },
  { quirk: deletedAddress, file: /^addresses-deleted/, moment: /^somebody/, key: /^announce / },
  {
    quirk: deletedAddress,
    file: /^addresses-deleted/,
    key: /^(address|route) .*10\.77\.0\.101/,
    holds: onlyOurs,
  },
  { quirk: deletedAddress, file: /^addresses-deleted/, key: /^address eth0 in order/ },
];
