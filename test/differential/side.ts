/** One host with one engine, and its peer at the other end of every interface. */
import { quote } from "../../infra/machine/shell.ts";
import type { Needs } from "./needs.ts";
import { openShell, type Shell, type Wrap } from "./shell.ts";
import { beginning, folder, type Position, question, read, type Snapshot } from "./snapshot.ts";

/** A program that runs a configuration. */
export interface Engine {
  readonly name: "keepalived" | "understudy";
  /** The path of its program on the machine where the namespaces are made. */
  readonly program: string;
}

/** Files that a host is given before the engine starts: paths and contents. */
export type Files = ReadonlyMap<string, string>;

export interface Side {
  readonly engine: Engine;
  readonly shell: Shell;
  readonly start: () => Promise<void>;
  /** Starts a peer with one of the configurations that the host was given: `peer` or `rival`, which hears no adverts. */
  readonly startPeer: (which: "peer" | "rival") => Promise<void>;
  readonly stopPeer: () => Promise<void>;
  readonly reload: () => Promise<void>;
  /** Ends it by SIGTERM, and waits for its end. */
  readonly stop: () => Promise<void>;
  readonly look: () => Promise<Snapshot>;
  /** What was seen up to the last `look` has been compared. */
  readonly goOn: () => void;
  /** What the engine has logged. */
  readonly log: () => Promise<string>;
}

/** Where the root of a shell is, as long as it is not. */
export const root = "/mnt/root";

/** The main file. It includes the one under test. */
export const mainFile = "/etc/keepalived/keepalived.conf";

/** A root of its own: what is written anywhere is gone afterwards. Without overlayfs only its volatile folders are its own. */
export function ownRoot(program: string): string {
  return `
hostname differential
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work ${root}
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work ${root} 2>/dev/null || mount --bind / ${root}
mount -t proc proc ${root}/proc
mount -t sysfs sysfs ${root}/sys
mount --rbind /dev ${root}/dev
mkdir /mnt/engine
cp ${quote(program)} /mnt/engine/keepalived
chmod 755 /mnt/engine/keepalived
ln -s keepalived /mnt/engine/understudy
mount -t tmpfs tmpfs ${root}/run
mount -t tmpfs tmpfs ${root}/tmp
mkdir -p ${root}/etc/keepalived
cp -a ${root}/etc/keepalived /mnt/kept
mount -t tmpfs tmpfs ${root}/etc/keepalived
cp -a /mnt/kept/. ${root}/etc/keepalived
mkdir -p ${folder.replace(/^/, root)}/engine ${folder.replace(/^/, root)}/fail
mount --bind /mnt/engine ${root}${folder}/engine
`;
}

/** Makes the host, with everything that the configuration needs around it. */
export async function openSide(
  wrap: Wrap,
  engine: Engine,
  needs: Needs,
  files: Files,
  prepare: { readonly host: readonly string[]; readonly peer: readonly string[] },
): Promise<Side> {
  const shell = openShell(wrap, ownRoot(engine.program), root);
  try {
    await shell.run(
      "set +e; umask 022; ulimit -c 0; PATH=/usr/sbin:/usr/bin:/sbin:/bin; LC_ALL=C; export PATH LC_ALL",
    );
    await shell.run(
      [...network(needs), ...records(needs), ...[...files].map(([path, text]) => write(path, text))].join(
        "\n",
      ),
    );
    for (const command of prepare.host) await shell.run(command);
    for (const command of prepare.peer) await shell.run(`ip netns exec peer sh -ec ${quote(command)}`);
    return sideOf(shell, engine, needs);
  } catch (error) {
    shell.close();
    throw error;
  }
}

/** In the namespace of the peer, with pid files of its own. */
const atPeer = (command: string) =>
  `ip netns exec peer unshare --mount sh -c ${quote(`mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /tmp; exec ${command}`)}`;

/** What comes in at the peer and has to do with VRRP is dropped. */
const deaf = `ip netns exec peer nft -f - <<'END'
table inet deaf {
  chain in {
    type filter hook input priority 0;
    meta l4proto { 51, 112 } drop
  }
}
END`;

function sideOf(shell: Shell, engine: Engine, needs: Needs): Side {
  let [position, seen]: [Position, Position] = [beginning, beginning];
  const devices = needs.devices.map(({ name }) => name);
  const ask = question(stateOf(engine), devices, beginning);
  return {
    engine,
    shell,
    async start() {
      await shell.run(
        `${folder}/engine/keepalived -n -l -D -G -f ${mainFile} >>${folder}/log 2>&1 & echo $! >${folder}/pid`,
      );
    },
    async startPeer(which) {
      if (which === "rival") await shell.run(deaf);
      const command = `keepalived -n -l -D -G -f /etc/keepalived/${which}.conf`;
      await shell.run(`${atPeer(command)} >>${folder}/peer.log 2>&1 & peer=$!`);
    },
    async stopPeer() {
      await shell.run('kill -TERM "$peer"; wait "$peer"; ip netns exec peer nft flush ruleset');
    },
    async reload() {
      await shell.run(
        `next=/etc/keepalived/reloaded.conf; [ ! -e "$next" ] || cat "$next" >/etc/keepalived/tested.conf; kill -HUP $(cat ${folder}/pid) || true`,
      );
    },
    async stop() {
      await shell.run(
        `pid=$(cat ${folder}/pid); kill -TERM "$pid" || true; wait "$pid"; echo "ended with $?" >>${folder}/log`,
      );
    },
    async look() {
      const [snapshot, behind] = read(await shell.run(ask), devices, needs.aboutRivals, position);
      seen = behind;
      return snapshot;
    },
    goOn() {
      position = seen;
    },
    log: () => shell.run(`cat ${folder}/log`),
  };
}

function network({ devices }: Needs): string[] {
  const quiet =
    "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad";
  return [
    quiet,
    "ip link set lo up",
    "ip netns add peer",
    `ip netns exec peer sh -c ${quote(`${quiet}; ip link set lo up`)}`,
    ...devices.flatMap(({ name, mac, addresses, peerAddresses }) => [
      `ip link add ${name} address ${mac} type veth peer name ${name} address ${mac.replace(/01$/, "02")} netns peer`,
      ...addresses.map((address) => `ip address add ${address} dev ${name}`),
      ...peerAddresses.map((address) => `ip -n peer address add ${address} dev ${name}`),
      `ip link set ${name} up; ip -n peer link set ${name} up`,
      // What is received there is what the host has sent. Short slots, so that its ring has many.
      `ip netns exec peer tcpdump -Z root -i ${name} -Q in -U --immediate-mode -s 2048 -B 4096 -w ${folder}/${name}.pcap 'arp or icmp6 or proto 112 or proto 51 or ip6 proto 112' 2>>${folder}/tcpdump.log &`,
    ]),
    ...devices.map(({ name }) => `until ip -br link show ${name} | grep -q LOWER_UP; do sleep 0.02; done`),
    ...devices.map(({ name }) => `until [ -s ${folder}/${name}.pcap ]; do sleep 0.02; done`),
  ];
}

function write(path: string, text: string): string {
  const folderOf = path.replace(/\/[^/]*$/, "");
  return `mkdir -p ${quote(folderOf)}; printf %s ${quote(text)} >${quote(path)}`;
}

const program = (path: string, body: string) =>
  `[ -e ${quote(path)} ] || { ${write(path, `#!/bin/sh\n${body}\n`)}; chmod 755 ${quote(path)}; }`;

/** Programs that write down how they were called, and readers of the FIFOs. */
function records({ checks, notified, files, fifos, users }: Needs): string[] {
  return [
    `: >${folder}/calls; chmod 666 ${folder}/calls; : >${folder}/log`,
    ...users.map((user) => `id ${quote(user)} >/dev/null 2>&1 || useradd -r ${quote(user)} || true`),
    ...checks.map(({ name, path }) => program(path, `[ ! -e ${folder}/fail/${name} ]`)),
    ...notified.map((path) => program(path, `echo "$0 $*" >>${folder}/calls`)),
    ...files.map((path) => `[ -e ${quote(path)} ] || { ${write(path, "0\n")}; }`),
    ...fifos.map((path, at) => {
      const reader = `exec 3<>${quote(path)}; exec cat <&3 >>${folder}/lines.${at}`;
      return `mkdir -p ${quote(path.replace(/\/[^/]*$/, ""))}; mkfifo -m 600 ${quote(path)}; sh -c ${quote(reader)} &`;
    }),
    `: >>${folder}/lines.0`,
  ];
}

/** Prints what the engine says of its instances, as JSON; nothing where it does not run. */
function stateOf(engine: Engine): string {
  const running = `pid=$(cat ${folder}/pid 2>/dev/null) && [ -d "/proc/$pid" ] && ! grep -q '^State:.*zombie' "/proc/$pid/status"`;
  if (engine.name === "understudy")
    return `if ${running}; then ${folder}/engine/understudy status --json; fi`;
  // Asked for by a signal, written some time later; not at all without instances.
  const dump = `rm -f /tmp/keepalived.json; kill -$(keepalived --signum=JSON) "$pid"
turns=0; until [ -s /tmp/keepalived.json ] || [ $turns -ge 20 ]; do sleep 0.05; turns=$((turns + 1)); done
cat /tmp/keepalived.json 2>/dev/null`;
  return `if ${running}; then ${dump}; fi`;
}
