/** One configuration file, from its text to the list of differences. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { run } from "../../infra/machine/run.ts";
import { sleep } from "../../infra/machine/wait.ts";
import { parse } from "./blocks.ts";
import { type Difference, differences } from "./compare.ts";
import { directives } from "./directives.ts";
import { type Moment, momentsOf } from "./moments.ts";
import { type Needs, needsOf } from "./needs.ts";
import { passwordsOf, peerConfiguration } from "./peer.ts";
import type { Wrap } from "./shell.ts";
import { type Engine, type Files, mainFile, openSide, type Side } from "./side.ts";
import { folder, type Snapshot } from "./snapshot.ts";

export interface Report {
  readonly file: string;
  /** The moments that were compared, and how many keys agree at each. */
  readonly moments: readonly { readonly name: string; readonly agree: number }[];
  readonly differences: readonly Difference[];
  /** What our engine says of the file where it refuses it. */
  readonly refused?: string;
  /** The quirk that says that it refuses it. */
  readonly refusedAsMeant?: string;
  /** The logs of both, where something differs. */
  readonly logs?: Readonly<Record<string, string>>;
}

export interface Means {
  readonly wrap: Wrap;
  readonly keepalived: Engine;
  readonly understudy: Engine;
  /** Our program as it can be run here. */
  readonly localProgram: string;
  /** How long two hosts may take to agree once they should have settled. */
  readonly patienceMs: number;
  readonly say?: (text: string) => void;
}

const tested = "/etc/keepalived/tested.conf";

/** Gives a file to both engines and compares them at every moment. */
export async function compareFile(path: string, means: Means): Promise<Report> {
  const file = basename(path);
  const text = readFileSync(path, "utf8");
  const shown = await run([means.localProgram, "show", "--config-id", "differential", path]);
  const raw = parse(text);
  const settled = shown.code === 0 ? parse(shown.stdout) : undefined;
  const directions = directives(text);
  const needs = withFifo(needsOf(settled, raw, directions));
  const reloads = existsSync(path.replace(/\.conf$/, ".reload.conf"));
  const files = filesOf(path, needs, {
    peer: peerConfiguration(needs, passwordsOf(raw), 254),
    rival: peerConfiguration(needs, passwordsOf(raw), 1),
  });
  if (shown.code !== 0 && directions.refused !== undefined) {
    return { file, moments: [], differences: [], refusedAsMeant: directions.refused };
  }
  const engines = [means.keepalived, means.understudy];
  const opened = await Promise.allSettled(
    engines.map((engine) => openSide(means.wrap, engine, needs, files, directions)),
  );
  try {
    const sides = opened.map((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
    const [theirs, ours] = sides as [Side, Side];
    const found = await throughAll(file, momentsOf(needs, directions, reloads), theirs, ours, means);
    const report = { file, ...found, ...(shown.code === 0 ? {} : { refused: summary(shown.stderr) }) };
    if (report.differences.every(({ quirk }) => quirk !== undefined)) return report;
    return { ...report, logs: { keepalived: await theirs.log(), understudy: await ours.log() } };
  } finally {
    for (const one of opened) if (one.status === "fulfilled") one.value.shell.close();
  }
}

async function throughAll(file: string, moments: readonly Moment[], theirs: Side, ours: Side, means: Means) {
  const all: Difference[] = [];
  const seen: { name: string; agree: number }[] = [];
  for (const { name, act, settleMs, announcements } of moments) {
    means.say?.(`${file}: ${name}`);
    await Promise.all([act(theirs), act(ours)]);
    await sleep(settleMs);
    const { agree, found } = await compared(theirs, ours, means.patienceMs, (a, b) =>
      differences(file, name, a, b, announcements),
    );
    seen.push({ name, agree });
    all.push(...found);
    // One that does not run stays different.
    if (found.some(({ key }) => key === "state engine") && name !== "stop") break;
    theirs.goOn();
    ours.goOn();
  }
  return { moments: seen, differences: all };
}

/** Looks at both until they agree, or for as long as patience lasts. */
async function compared(
  theirs: Side,
  ours: Side,
  patienceMs: number,
  compare: (a: Snapshot, b: Snapshot) => Difference[],
): Promise<{ agree: number; found: Difference[] }> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const [a, b] = await Promise.all([theirs.look(), ours.look()]);
    const found = compare(a, b);
    if (found.every(({ quirk }) => quirk !== undefined) || Date.now() >= until) {
      return { agree: [...a].filter(([key, value]) => b.get(key) === value).length, found };
    }
    await sleep(200);
  }
}

const ownFifo = `${folder}/fifo`;

/** Where the file has no FIFO, the runner's main file has one. */
function withFifo(needs: Needs): Needs {
  return needs.fifos.length > 0 ? needs : { ...needs, fifos: [ownFifo] };
}

/** The first finding, and the last line. */
function summary(said: string): string {
  const lines = said.trim().split("\n");
  return lines.length <= 12 ? lines.join("\n") : [...lines.slice(0, 10), "...", lines.at(-1)].join("\n");
}

/** The main file, the tested one, what it is reloaded with, and what it includes. */
function filesOf(path: string, needs: Needs, peers: Readonly<Record<"peer" | "rival", string>>): Files {
  const global = needs.fifos.includes(ownFifo) ? `global_defs {\n    notify_fifo ${ownFifo}\n}\n` : "";
  const beside = dirname(path);
  const text = readFileSync(path, "utf8");
  const included = [...text.matchAll(/^\s*include[a-z]*\s+(\S+)\s*$/gm)].flatMap(([, pattern = ""]) =>
    pattern.startsWith("/") ? [] : globSync(join(beside, pattern)),
  );
  const reload = path.replace(/\.conf$/, ".reload.conf");
  return new Map([
    [mainFile, `${global}include ${tested}\n`],
    [tested, text],
    ["/etc/keepalived/peer.conf", peers.peer],
    ["/etc/keepalived/rival.conf", peers.rival],
    ...(existsSync(reload) ? [["/etc/keepalived/reloaded.conf", readFileSync(reload, "utf8")] as const] : []),
    ...included.map(
      (one) => [join("/etc/keepalived", relative(beside, one)), readFileSync(one, "utf8")] as const,
    ),
  ]);
}
