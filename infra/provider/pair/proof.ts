/**
 * Proof of a service from a third host: one MAC answers for each VIP, every connection is answered, every server is
 * seen, and no director balances again what another has balanced.
 */
import { proofLibrary } from "../remote/library.ts";
import { type Connect, command, script, type Transport } from "../remote/transport.ts";
import type { PairArgs, Proof } from "./schema.ts";

type Observer = NonNullable<PairArgs["observer"]>;

/** What was seen, and what was wrong with it. */
export interface Verdict {
  seen: string[];
  wrong: string[];
}

/** Everything that can be asked from the observer; `holder` is the member that must answer for the VIPs. */
export async function prove(
  args: PairArgs,
  observer: Observer,
  holder: string,
  connect: Connect,
  signal: AbortSignal,
): Promise<Verdict> {
  const from = connect(observer.connection);
  const verdict: Verdict = { seen: [], wrong: [] };
  for (const vip of args.vips) join(verdict, await proveArp(args, observer, holder, vip, from, signal));
  const members = args.members.map((member) => ({ name: member.name, host: connect(member.connection) }));
  for (const proof of args.proofs) {
    const source = await sourceAddress(observer, proof.address, from, signal);
    await all(members, (m) =>
      call(m.host, ["circling_watch", source, proof.address, String(proof.port)], signal),
    );
    try {
      join(verdict, await proveService(proof, args, observer, from, signal));
    } finally {
      // Removed in any case, also when the operator stops us: nothing of a proof may stay on a host.
      const counts = await all(members, async (m) => ({
        name: m.name,
        text: await call(m.host, ["circling_count"], new AbortController().signal),
      }));
      join(verdict, judgeCircling(proof, observer, counts));
    }
  }
  return verdict;
}

function join(to: Verdict, more: Verdict): void {
  to.seen.push(...more.seen);
  to.wrong.push(...more.wrong);
}

const all = <T, U>(list: T[], work: (item: T) => Promise<U>): Promise<U[]> => Promise.all(list.map(work));

async function call(
  host: Transport,
  words: string[],
  signal: AbortSignal,
  before: string[] = [],
): Promise<string> {
  const output = await host.run(script(proofLibrary, [...before, command(...words)]), signal);
  if (output.code !== 0) throw new Error(`${words[0]}: ${output.stderr.trim() || `exit ${output.code}`}`);
  return output.stdout;
}

async function sourceAddress(
  observer: Observer,
  address: string,
  from: Transport,
  signal: AbortSignal,
): Promise<string> {
  const text = await call(from, ["source_address", address, observer.interface], signal);
  return text.trim();
}

async function proveArp(
  args: PairArgs,
  observer: Observer,
  holder: string,
  vip: string,
  from: Transport,
  signal: AbortSignal,
): Promise<Verdict> {
  const address = vip.split("/")[0] ?? vip;
  if (address.includes(":")) return { seen: [`${address}: IPv6, so no ARP to ask for`], wrong: [] };
  const text = await call(from, ["who_has", address, observer.interface], signal);
  if (text.startsWith("no-arping"))
    return { seen: [`ARP not asked: ${observer.name} has no arping`], wrong: [] };
  const macs = [...new Set(text.toLowerCase().match(/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g) ?? [])].sort();
  return judgeArp(args, observer, holder, address, macs);
}

export function judgeArp(
  args: Pick<PairArgs, "members">,
  observer: Pick<Observer, "name">,
  holder: string,
  address: string,
  macs: string[],
): Verdict {
  const owner = (mac: string) => args.members.find((m) => m.mac.toLowerCase() === mac)?.name ?? "a stranger";
  const named = macs.map((mac) => `${owner(mac)} (${mac})`).join(" and ");
  if (macs.length === 0)
    return { seen: [], wrong: [`ARP for ${address}, asked from ${observer.name}: nobody answers`] };
  if (macs.length > 1)
    return {
      seen: [],
      wrong: [`ARP for ${address} is answered by ${named}; look at arp_ignore and arp_announce on them`],
    };
  const mac = macs[0] ?? "";
  if (args.members.some((m) => m.mac) && owner(mac) !== holder)
    return { seen: [], wrong: [`ARP for ${address} is answered by ${named}, not by ${holder}`] };
  return { seen: [`one MAC answers for ${address}: ${named}`], wrong: [] };
}

async function proveService(
  proof: Proof,
  { secrets }: PairArgs,
  observer: Observer,
  from: Transport,
  signal: AbortSignal,
): Promise<Verdict> {
  const times = Math.max(8, 4 * proof.expect.length);
  const ask = proof.ask.length > 0 ? proof.ask : ["connect", proof.address, String(proof.port)];
  // Exported by the shell, whose script travels on stdin: no process list shows them.
  const settings = Object.entries(secrets).map(([name, value]) => command("export", `${name}=${value}`));
  const text = await call(from, ["ask", String(times), ...ask], signal, settings);
  return judgeAnswers(proof, observer.name, text);
}

/** One line per connection: `ok<tab>answer` or `failed<tab>what was said`. */
export function judgeAnswers(proof: Proof, observer: string, text: string): Verdict {
  const lines = text.split("\n").filter((line) => /^(ok|failed)\t/.test(line));
  const failed = lines.filter((line) => line.startsWith("failed"));
  const names = lines.filter((line) => line.startsWith("ok")).map((line) => line.slice(3).trim());
  const at = `${proof.address}:${proof.port} from ${observer}`;
  const wrong: string[] = [];
  if (failed.length > 0 || lines.length === 0)
    wrong.push(
      `${failed.length} of ${lines.length} connections to ${at} failed: ${failed[0]?.slice(7).trim() || "no word"}`,
    );
  const expected = proof.ask.length > 0 ? proof.expect : [];
  const missing = expected.filter((name) => !names.includes(name));
  if (missing.length > 0 && names.length > 0)
    wrong.push(`${at}: ${missing.join(", ")} never answered in ${lines.length} connections`);
  const counts = [...new Set(names)].filter(Boolean).sort();
  const balance = counts.map((name) => `${name} ${names.filter((n) => n === name).length}`).join(", ");
  const seen = `${names.length} of ${lines.length} connections to ${at} answered${balance ? `: ${balance}` : ""}`;
  return { seen: wrong.length > 0 ? [] : [seen], wrong };
}

/** Packets of the observer: those that have passed at most one balancer, and those that have passed more. */
export function judgeCircling(
  proof: Proof,
  observer: { name: string },
  counts: { name: string; text: string }[],
): Verdict {
  const parsed = counts.map(({ name, text }) => {
    const [, fresh = "0", old = "0"] = /^packets\t(\d+)\t(\d+)/m.exec(text) ?? [];
    return { name, fresh: Number(fresh), circled: Number(old) };
  });
  const at = `${proof.address}:${proof.port}`;
  const circled = parsed.filter((count) => count.circled > 0);
  if (circled.length > 0) {
    const where = circled.map((count) => `${count.circled} on ${count.name}`).join(", ");
    const names = parsed.map((count) => count.name).join(" and ");
    return {
      seen: [],
      wrong: [
        `packets to ${at} circle between ${names}: ${where} came back; compare the MACs of their mark rules`,
      ],
    };
  }
  if (parsed.every((count) => count.fresh === 0))
    return {
      seen: [`no packet of ${observer.name} to ${at} was counted: that nothing circles is not proven`],
      wrong: [],
    };
  return { seen: [`nothing circles for ${at}`], wrong: [] };
}
