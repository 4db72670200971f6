/** Asks the engine about a rendered configuration, on the operator's machine, before any host is touched. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Finding } from "../model/finding.ts";
import type { Engine } from "./binary.ts";

/** Exit code of `understudy check`: the file is invalid. */
const invalid = 2;
/** Stands for every secret: as long as a VRRP password may be. */
const anySecret = "xxxxxxxx";

/** What the engine says against the configuration of `host`, whose text lies at `path` there; secrets are not needed. */
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
    const { code, stderr } = await run(engine.path, ["check", file]);
    if (code < invalid) return [];
    const message = `the engine refuses the configuration of ${host}:\n${stderr.trim().replaceAll(file, path)}`;
    const remedy = "A keyword that the site gives by name is the likeliest cause; all others are rendered.";
    return [{ code: "engine-refuses", severity: "error", place: `hosts.${host}`, message, remedy }];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(program: string, args: string[]): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? invalid, stderr }));
  });
}
