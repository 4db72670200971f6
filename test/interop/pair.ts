/** Two hosts on one segment: keepalived on one, Understudy on the other. */
import { quote } from "../../infra/machine/shell.ts";
import { sleep } from "../../infra/machine/wait.ts";
import type { Place } from "../differential/place.ts";
import { openShell, type Shell } from "../differential/shell.ts";
import { ownRoot, root } from "../differential/side.ts";

export type Name = "keepalived" | "understudy";

/** What can be done to the two. */
export interface Pair {
  readonly start: (who: Name) => Promise<void>;
  /** By SIGTERM; waits for its end. */
  readonly stop: (who: Name) => Promise<void>;
  /** All its processes at once: nothing is said on the wire. */
  readonly kill: (who: Name) => Promise<void>;
  /** Who has the address, on whatever interface. */
  readonly holders: () => Promise<Name[]>;
  /** Waits until exactly these have it. */
  readonly until: (...wanted: Name[]) => Promise<void>;
  /** Still so after a while. */
  readonly stays: (...wanted: Name[]) => Promise<void>;
  readonly close: () => void;
}

const names: readonly Name[] = ["keepalived", "understudy"];
const other = (who: Name): Name => (who === "keepalived" ? "understudy" : "keepalived");

/** Of whom what: 10.77.0.1 and fd77::1 are keepalived's, 10.77.0.2 and fd77::2 ours. */
const number = { keepalived: 1, understudy: 2 };

/** A busy machine is slow; whoever is not there by then will not come. */
const patienceMs = 20_000;

/** `lines` are those of a configuration: of whom, with its own address and the other's. */
export type Lines = (own: string, others: string) => string;

export async function openPair(
  place: Place,
  vip: string,
  six: boolean,
  configuration: (who: Name) => Lines,
): Promise<Pair> {
  const shell = openShell(place.wrap, ownRoot(place.understudy.program), root);
  const address = (who: Name) => (six ? `fd77::${number[who]}` : `10.77.0.${number[who]}`);
  try {
    await shell.run("set +e; PATH=/usr/sbin:/usr/bin:/sbin:/bin; LC_ALL=C; export PATH LC_ALL");
    await shell.run(network());
    for (const who of names) {
      const text = configuration(who)(address(who), address(other(who)));
      await shell.run(`printf %s ${quote(text)} >/etc/keepalived/${who}.conf`);
    }
  } catch (error) {
    shell.close();
    throw error;
  }
  return pairOf(shell, vip);
}

function network(): string {
  const inside = names.flatMap((who) => [
    `ip netns add ${who}`,
    `ip netns exec ${who} sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; ip link set lo up'`,
  ]);
  const [a, b] = names;
  return [
    ...inside,
    `ip link add eth0 netns ${a} type veth peer name eth0 netns ${b}`,
    ...names.flatMap((who) => [
      `ip -n ${who} address add 10.77.0.${number[who]}/24 dev eth0`,
      `ip -n ${who} address add fd77::${number[who]}/64 dev eth0`,
      `ip -n ${who} link set eth0 up`,
    ]),
    ...names.map((who) => `until ip -n ${who} -br link show eth0 | grep -q LOWER_UP; do sleep 0.02; done`),
  ].join("\n");
}

function pairOf(shell: Shell, vip: string): Pair {
  const running = (who: Name) => {
    const program = who === "keepalived" ? "/usr/sbin/keepalived" : "/run/differential/engine/keepalived";
    // Mounts of its own, but for the program and the log.
    const inside = [
      `exec 9<${program}; mount -t tmpfs tmpfs /tmp; mkdir -p /tmp/run /tmp/engine; cp /proc/self/fd/9 /tmp/engine/keepalived`,
      "chmod 755 /tmp/engine/keepalived; mount -t tmpfs tmpfs /run; mkdir /run/netns",
      `exec 9<&-; exec /tmp/engine/keepalived -n -l -D -G -f /etc/keepalived/${who}.conf`,
    ].join("\n");
    return `ip netns exec ${who} unshare --mount sh -c ${quote(inside)} >>/etc/keepalived/${who}.log 2>&1 & ${who}=$!`;
  };
  const holders = async (): Promise<Name[]> => {
    const shown = names.map((who) => `echo "${who} $(ip -n ${who} -o address | grep -c ' ${vip}/')"`);
    const text = await shell.run(shown.join("\n"));
    return names.filter((who) => new RegExp(`^${who} [1-9]`, "m").test(text));
  };
  const fail = async (wanted: Name[], found: Name[]): Promise<never> => {
    const logs = await Promise.all(
      names.map(
        async (who) => `--- ${who}\n${await shell.run(`tail -n 30 /etc/keepalived/${who}.log || true`)}`,
      ),
    );
    throw new Error(`${vip} is held by [${found}], expected [${wanted}]\n${logs.join("\n")}`);
  };
  const same = (a: Name[], b: Name[]) => [...a].sort().join() === [...b].sort().join();
  return {
    start: async (who) => void (await shell.run(running(who))),
    stop: async (who) => void (await shell.run(`kill -TERM "$${who}"; wait "$${who}"; true`)),
    // The first of them is kept from noticing that the others die.
    kill: async (who) =>
      void (await shell.run(
        `kill -STOP "$${who}"; kill -KILL $(pgrep -P "$${who}") "$${who}"; wait "$${who}"; true`,
      )),
    holders,
    async until(...wanted) {
      const end = Date.now() + patienceMs;
      for (;;) {
        const found = await holders();
        if (same(found, wanted)) return;
        if (Date.now() > end) await fail(wanted, found);
        await sleep(50);
      }
    },
    async stays(...wanted) {
      for (let turn = 0; turn < 6; turn++) {
        await sleep(150);
        const found = await holders();
        if (!same(found, wanted)) await fail(wanted, found);
      }
    },
    close: () => shell.close(),
  };
}
