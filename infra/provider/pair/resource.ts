/** The `pair` resource: read is who holds the VIPs now; apply changes nothing, it waits and proves. */
import { setTimeout as sleep } from "node:timers/promises";
import { diffProps } from "../diff.ts";
import type { Log } from "../engine-log.ts";
import { scrub } from "../host/secrets.ts";
import type { Connect } from "../remote/transport.ts";
import type { Resource } from "../resource.ts";
import { InitFailed, type Props } from "../rpc.ts";
import { askMember, holderOf, type MemberState, readyOf, troubles } from "./members.ts";
import { prove } from "./proof.ts";
import type { PairArgs } from "./schema.ts";

export interface PairLimits {
  /** How long a pair may take to settle: three adverts and a few seconds. */
  settleSeconds: number;
}
export const defaultPairLimits: PairLimits = { settleSeconds: 20 };

const paths = { maps: ["secrets"], ignored: ["observer", "members"] };
const argsOf = (props: Props): PairArgs => props as unknown as PairArgs;

/** `log` gets what was proven. */
export function pairResource(connect: Connect, limits: PairLimits, log: Log = () => {}): Resource {
  const askAll = (args: PairArgs, signal: AbortSignal): Promise<MemberState[]> =>
    Promise.all(args.members.map((m) => askMember(m.name, connect(m.connection), signal)));

  async function verify(name: string, args: PairArgs, signal: AbortSignal): Promise<string[]> {
    const end = Date.now() + limits.settleSeconds * 1000;
    let wrong: string[];
    let members: MemberState[];
    do {
      members = await askAll(args, signal);
      wrong = troubles(members, args.instance, args.vips, args.holder);
      if (wrong.length > 0)
        await sleep(250, undefined, { signal }).catch(() => Promise.reject(signal.reason));
    } while (wrong.length > 0 && Date.now() < end);
    if (wrong.length === 0 && args.observer) {
      const holder = holderOf(members, args.instance, args.vips);
      const verdict = await prove(args, args.observer, holder, connect, signal);
      wrong = verdict.wrong;
      if (wrong.length === 0)
        log(`${name} is proven:\n${verdict.seen.map((text) => `  ${text}`).join("\n")}`);
    } else if (wrong.length === 0) {
      log(
        `${name}: one holds the VIPs, the others are ready; no observer is set, so nothing was asked from outside`,
      );
    }
    return wrong.map((text) => scrub(`pair ${name}: ${text}`, args.secrets));
  }

  async function apply(name: string, props: Props, signal: AbortSignal): Promise<void> {
    const wrong = await verify(name, argsOf(props), signal).catch((error: Error) => {
      throw signal.aborted
        ? error
        : new InitFailed({ id: name, props, inputs: props }, [`pair ${name}: ${error.message}`]);
    });
    if (wrong.length > 0) throw new InitFailed({ id: name, props, inputs: props }, wrong);
  }

  return {
    check: (news) => ({ inputs: news, failures: [] }),
    diff: (live, wanted) => diffProps(live, wanted, paths),

    async create(name, props, signal) {
      await apply(name, props, signal);
      return { id: name, props };
    },

    async read(id, known, signal) {
      const args = argsOf(known);
      const members = await askAll(args, signal);
      const live = { ...known, ...liveHolder(args, members), ready: readyOf(members, args.instance) };
      return { id, props: live, inputs: live };
    },

    async update(id, _olds, news, signal) {
      await apply(id, news, signal);
      return news;
    },

    async delete() {}, // there is nothing of it on any host
  };
}

/** Where either may hold the VIPs, one of them does as wanted; two or none never are. */
function liveHolder(args: PairArgs, members: MemberState[]): { holder: string } {
  const holder = holderOf(members, args.instance, args.vips);
  const either = args.holder === "" && args.members.some((member) => member.name === holder);
  return { holder: either ? "" : holder };
}
