/**
 * Makes a host equal to its arguments, by generations.
 *
 * Look; stage the new generation aside; have the engine check its configuration; switch and run what follows from the
 * differences; wait until the engine says it is healthy with exactly this configuration. What fails after the switch is
 * put back to the generation that was last seen healthy. Every run starts by looking, so one that was interrupted
 * anywhere is simply done again, and what is already right is not touched.
 */
import { complaint, type EngineStatus, parseStatus } from "../remote/engine-status.ts";
import { decode, inventory, type Live } from "../remote/inventory.ts";
import { applyLibrary } from "../remote/library.ts";
import { command, type Output, script, type Transport } from "../remote/transport.ts";
import { engineConfig, engineUnit, fingerprint, type Manifest, type Wanted, wantedOf } from "./manifest.ts";
import { requestOf } from "./read.ts";
import type { HostArgs } from "./schema.ts";
import { fill } from "./secrets.ts";
import { changedFiles, ownAddresses, type Step, steps } from "./steps.ts";

/** How long to wait for the engine, and how many generations to keep. */
export interface Limits {
  gateSeconds: number;
  keep: number;
}
export const defaultLimits: Limits = { gateSeconds: 20, keep: 5 };

/** Exit code of `check_config`: the engine on the host refuses the configuration. */
const refused = 20;

export async function apply(
  host: Transport,
  args: HostArgs,
  limits: Limits,
  signal: AbortSignal,
): Promise<void> {
  const wanted = wantedOf(args);
  const live = await look(host, wanted, signal);
  const current = live.generations.find((g) => g.name === live.current);
  // A file that differs is written from a fresh generation: the folder of the current one may be just as damaged.
  const same = current !== undefined && fingerprint(current) === fingerprint(wanted);
  const known = same && changedFiles(wanted, live).length === 0;
  const name = known ? current.name : nextName(wanted, live);
  const todo = steps(wanted, live, name);
  const lastGood = live.generations.find((g) => g.name === live.lastGood && g.name !== name);
  if (known && todo.length === 0 && live.current === live.lastGood && !gateNeeded(wanted, live)) return;

  if (!known) await stage(host, args, { ...wanted, name, ownAddresses: ownAddresses(wanted, live) }, signal);
  try {
    await activate(host, name, todo, signal);
    await healthy(host, wanted, live, limits, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof Failed)) throw error;
    throw new Error(`${error.message}; ${await goBack(host, lastGood, limits, signal)}`);
  }
  await run(host, [command("good", name, String(limits.keep))], signal);
}

/** Takes everything of ours off the host; sysctls keep their values until the next boot. */
export async function remove(host: Transport, args: HostArgs, signal: AbortSignal): Promise<void> {
  const nothing: Wanted = {
    files: {},
    sysctls: {},
    addresses: {},
    marks: {},
    accepts: {},
    units: {},
    engine: "",
  };
  const live = await look(host, wantedOf(args), signal);
  const todo = steps(nothing, live, "none");
  await run(host, ["lock", ...callsOf(todo), "step 'forget the generations'", "forget"], signal);
}

/** Something on the host went wrong after the switch; the message says what. */
class Failed extends Error {}

const look = (host: Transport, wanted: Wanted, signal: AbortSignal): Promise<Live> =>
  inventory(host, requestFor(wanted), signal);

function requestFor(wanted: Wanted) {
  return { ...requestOf({ ...wanted, files: {} }), files: Object.keys(wanted.files) };
}

function nextName(wanted: Wanted, live: Live): string {
  const newest = Math.max(0, ...live.generations.map((g) => Number.parseInt(g.name, 10)));
  return `${newest + 1}-${fingerprint(wanted)}`;
}

const runsEngine = (wanted: Wanted): boolean => wanted.units[engineUnit]?.active === true;

function gateNeeded(wanted: Wanted, live: Live): boolean {
  return runsEngine(wanted) && complaintOf(wanted, live.engine?.code ?? 3, live.engine?.status) !== "";
}

const complaintOf = (wanted: Wanted, code: number, status: EngineStatus | undefined): string =>
  complaint(code, status, wanted.files[engineConfig]?.sha256 ?? "");

/** Writes the generation's folder and has its configuration checked; the host is as it was if this fails. */
async function stage(
  host: Transport,
  args: HostArgs,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<void> {
  const puts = Object.entries(args.files).map(([path, file]) => {
    const text = Buffer.from(fill(file.content, args.secrets)).toString("base64");
    return `put ${command(path, file.mode, file.owner)} '${text}'`;
  });
  const text = Buffer.from(JSON.stringify(manifest, undefined, 1)).toString("base64");
  const output = await send(
    host,
    ["lock", "put_back", "begin", ...puts, `commit ${command(manifest.name)} '${text}'`, check(manifest)],
    signal,
  );
  if (output.code === refused)
    throw new Error(
      `the engine refuses the new configuration, nothing was changed:\n${output.stderr.trim()}`,
    );
  if (output.code !== 0) throw new Error(`writing the new generation failed: ${causeOf(output)}`);
}

const check = ({ name, engine }: Manifest): string => command("check_config", name, engineConfig, engine);
const callsOf = (todo: Step[]): string[] => todo.flatMap((s) => [command("step", s.label), ...s.calls]);

/** The generation becomes the current one before its first file moves: so its files are known if this is interrupted. */
async function activate(host: Transport, name: string, todo: Step[], signal: AbortSignal): Promise<void> {
  await run(host, ["lock", "put_back", command("point", "current", name), ...callsOf(todo)], signal);
}

async function run(host: Transport, calls: string[], signal: AbortSignal): Promise<Output> {
  const output = await send(host, calls, signal);
  if (output.code !== 0) throw new Failed(causeOf(output));
  return output;
}

const send = (host: Transport, calls: string[], signal: AbortSignal): Promise<Output> =>
  host.run(script(applyLibrary, calls), signal);

/** The step that failed and what its command said. */
function causeOf({ stdout, stderr, code }: Output): string {
  const step = /^failed\t(.*)$/m.exec(stdout)?.[1] ?? "the script";
  return `${step} failed: ${stderr.trim() || `exit ${code}`}`;
}

/** The health gate. An engine that was no better before is not asked to be better now than merely degraded. */
async function healthy(
  host: Transport,
  wanted: Wanted,
  before: Live,
  limits: Limits,
  signal: AbortSignal,
): Promise<void> {
  if (!runsEngine(wanted)) return;
  const accept = before.engine?.code === 1 ? "1" : "0";
  const tries = String(limits.gateSeconds * 4);
  const config = wanted.files[engineConfig]?.sha256 ?? "";
  const output = await run(host, [command("gate", config, tries, accept)], signal);
  const [, code = "3", text = ""] = /^status\t(\d+)\t(.*)$/m.exec(output.stdout) ?? [];
  const status = parseStatus(decode(text));
  const wrong = complaintOf(wanted, Number(code), status);
  const running = status?.config.sha256 === config && !status.config.error;
  // Degraded is no worse than it was: a real server that is down is no reason to refuse a deploy.
  if (wrong === "" || (code === "1" && running && (before.engine?.code ?? 3) !== 0)) return;
  const journal = decode(/^journal\t(.*)$/m.exec(output.stdout)?.[1] ?? "").trim();
  const said = journal ? `\nits last words:\n${journal.replace(/^/gm, "  ")}\n` : "";
  throw new Failed(`not healthy after ${limits.gateSeconds} s: ${wrong}${said}`);
}

/** Back to the generation that was last seen healthy; tells what became of it. */
async function goBack(
  host: Transport,
  lastGood: Manifest | undefined,
  limits: Limits,
  signal: AbortSignal,
): Promise<string> {
  if (!lastGood) return "there is no other generation to go back to, so it was left as it is";
  try {
    const live = await look(host, lastGood, signal);
    await activate(host, lastGood.name, steps(lastGood, live, lastGood.name), signal);
    await healthy(host, lastGood, live, limits, signal);
    return `put back to generation ${lastGood.name}, which is healthy again`;
  } catch (error) {
    return `going back to generation ${lastGood.name} failed as well: ${(error as Error).message}`;
  }
}
