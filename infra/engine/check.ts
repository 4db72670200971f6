/** Asks the engine about a rendered configuration, on the operator's machine, before any host is touched. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../machine/run.ts";
import type { Finding } from "../model/finding.ts";
import type { Engine } from "./binary.ts";

/** Exit code of `understudy check` from which on the file is invalid, or could not be checked. */
const invalid = 2;
/** Stands for every secret: as long as a VRRP password may be. */
const anySecret = "xxxxxxxx";

/** One of `understudy check --json`. */
interface Diagnostic {
  code: string;
  severity: "error" | "warning";
  message: string;
  help: string | null;
  line?: number;
  column?: number;
}

/** What the engine says about the configuration of `host`, whose text lies at `path` there; no secret is needed. */
export async function checkConfiguration(
  engine: Engine,
  host: string,
  path: string,
  text: string,
): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), "understudy-check-"));
  try {
    const file = join(folder, "understudy.conf");
    writeFileSync(file, text.replace(/@@[A-Za-z0-9_.-]+@@/g, anySecret), { mode: 0o600 });
    const { code, stdout, stderr } = await run([engine.path, "check", "--json", file]);
    const findings = parse(stdout).map((one) => toFinding(one, host, path, text));
    if (code < invalid || findings.some((finding) => finding.severity === "error")) return findings;
    const message = `the engine refuses the configuration of ${host}: ${stderr.trim() || `exit ${code}`}`;
    return [
      ...findings,
      { code: "engine-refuses", severity: "error", place: `hosts.${host}`, message, remedy: "" },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function toFinding(one: Diagnostic, host: string, path: string, text: string): Finding {
  const line = one.line === undefined ? "" : `\n${text.split("\n")[one.line - 1]?.trim() ?? ""}`;
  const at = one.line === undefined ? path : `${path}:${one.line}:${one.column ?? 1}`;
  return {
    code: `engine-${one.code}`,
    severity: one.severity,
    place: `${at} on ${host}`,
    message: `${one.message}${line}`,
    remedy: one.help ?? "",
  };
}

function parse(json: string): Diagnostic[] {
  try {
    return JSON.parse(json) as Diagnostic[];
  } catch {
    return []; // the exit code says what it means
  }
}
