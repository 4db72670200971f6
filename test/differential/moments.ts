/** What happens to both hosts, and how long it takes until they have settled. */
import { quote } from "../../infra/machine/shell.ts";
import type { Directives } from "./directives.ts";
import type { Needs } from "./needs.ts";
import type { Side } from "./side.ts";
import { folder } from "./snapshot.ts";

export interface Moment {
  readonly name: string;
  readonly act: (side: Side) => Promise<unknown>;
  /** Not compared before, milliseconds. */
  readonly settleMs: number;
  /** Whether it counts how often an address is announced, or whether it is: later that depends on what else happened. */
  readonly announcements: "how often" | "whether" | "no matter";
}

/** It may have been answered before, or not. */
const rivalLeaves = "the worse one leaves";

const marginMs = 400;

/** The moments of a file, in order. */
export function momentsOf(needs: Needs, directions: Directives, reloads: boolean): Moment[] {
  const { settleMs, routers, checks, devices, files } = needs;
  const moment = (name: string, act: Moment["act"], waitMs: number): Moment => ({
    name,
    act,
    settleMs: Math.max(waitMs + marginMs, directions.waitMs),
    announcements:
      name === rivalLeaves ? "no matter" : name === "start" || directions.counts ? "how often" : "whether",
  });
  const on = (command: string) => (side: Side) => side.shell.run(command);
  // Long enough for an advert to tell.
  const advertMs = 200 + Math.max(0, ...routers.map((router) => router.intervalMs));
  const longestCheck = Math.max(0, ...checks.map((check) => check.settleMs));
  const peer = directions.withPeer && routers.length > 0;
  const first = devices[0]?.name;
  return [
    moment("start", (side) => side.start(), settleMs + longestCheck),
    ...(peer
      ? [
          moment("a better peer appears", (side) => side.startPeer("peer"), settleMs),
          moment("it leaves", (side) => side.stopPeer(), 1000),
        ]
      : []),
    ...(directions.withRival
      ? [
          moment("a worse one is master as well", (side) => side.startPeer("rival"), settleMs + 300),
          moment(rivalLeaves, (side) => side.stopPeer(), 1000),
        ]
      : []),
    ...checks.flatMap(({ name, settleMs: checkMs }) => [
      moment(`script ${name} fails`, on(`: >${folder}/fail/${name}`), checkMs + advertMs),
      moment(`script ${name} succeeds`, on(`rm ${folder}/fail/${name}`), checkMs + settleMs),
    ]),
    ...files.flatMap((path) => [
      moment(`file ${path} says 5`, on(`echo 5 >${quote(path)}`), advertMs),
      moment(`file ${path} says 0`, on(`echo 0 >${quote(path)}`), settleMs),
    ]),
    ...(first === undefined
      ? []
      : devices
          .map(({ name }) => name)
          .flatMap((name) => [
            moment(`${name} loses its carrier`, on(`ip -n peer link set ${name} down || true`), advertMs),
            moment(`${name} has it again`, on(`ip -n peer link set ${name} up || true`), settleMs),
          ])),
    // That one host has nothing to take away is a difference that shows anyway.
    ...directions.moments.map(({ name, command }) => moment(name, on(`{ ${command}; } || true`), settleMs)),
    moment(
      reloads ? "reload with another file" : "reload",
      (side) => side.reload(),
      reloads ? settleMs : 300,
    ),
    moment("stop", (side) => side.stop(), 0),
  ];
}
