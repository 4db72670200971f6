/** All rules about a site; one file each, named by what is wrong. */
import type { Finding, Severity } from "../../model/finding.ts";
import type { Draft } from "../draft.ts";
import { bashInSh } from "./bash-in-sh.ts";
import { bothChecksFailed } from "./both-checks-failed.ts";
import { drChangesPort } from "./dr-changes-port.ts";
import { duplicateHost } from "./duplicate-host.ts";
import { equalPriorities } from "./equal-priorities.ts";
import { factsMissing } from "./facts-missing.ts";
import { firewallDrops } from "./firewall-drops.ts";
import { groupUneven } from "./group-uneven.ts";
import { mailWithoutSettings } from "./mail-without-settings.ts";
import { membersApart } from "./members-apart.ts";
import { natWithoutForwarding } from "./nat-without-forwarding.ts";
import { nopreemptDeadEnd } from "./nopreempt-dead-end.ts";
import { pairWithOneMember } from "./pair-with-one-member.ts";
import { quorumAboveWeights } from "./quorum-above-weights.ts";
import type { Rule } from "./rule.ts";
import { serverOutsideSegment } from "./server-outside-segment.ts";
import { serverTwice } from "./server-twice.ts";
import { tcpCheckOnMysql } from "./tcp-check-on-mysql.ts";
import { unknownName } from "./unknown-name.ts";
import { vipIsHostAddress } from "./vip-is-host-address.ts";
import { vipOutsideSubnet } from "./vip-outside-subnet.ts";
import { vipUnknown } from "./vip-unknown.ts";
import { vridClash } from "./vrid-clash.ts";
import { vrrpVersion } from "./vrrp-version.ts";
import { weightBelowGap } from "./weight-below-gap.ts";
import { weightsOutOfRange } from "./weights-out-of-range.ts";

export { secretFindings } from "./secrets.ts";

const rules: readonly Rule[] = [
  ...[unknownName, duplicateHost, pairWithOneMember],
  ...[vipUnknown, vipIsHostAddress, vipOutsideSubnet, membersApart, vridClash, vrrpVersion],
  ...[equalPriorities, weightBelowGap, weightsOutOfRange, groupUneven, nopreemptDeadEnd, bothChecksFailed],
  ...[
    drChangesPort,
    natWithoutForwarding,
    quorumAboveWeights,
    serverTwice,
    serverOutsideSegment,
    tcpCheckOnMysql,
  ],
  ...[factsMissing, firewallDrops, mailWithoutSettings, bashInSh],
];

const gravity: Record<Severity, number> = { error: 0, warning: 1, note: 2 };

/** What all rules say, errors first, each group in the rules' order. */
export function judge(draft: Draft): Finding[] {
  return rules.flatMap((rule) => rule(draft)).sort((a, b) => gravity[a.severity] - gravity[b.severity]);
}
