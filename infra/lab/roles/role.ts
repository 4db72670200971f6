/** Puts a service on a host: once, and again only where what is wanted has changed. */
import { createHash } from "node:crypto";
import type { HostName } from "../address.ts";
import type { Places } from "../paths.ts";
import { ssh } from "../ssh.ts";

/** A service of a host. */
export interface Role {
  readonly name: string;
  readonly unit: string;
  /** Shell lines that install it, given on stdin: secrets in them appear in no list of processes. */
  readonly script: string;
}

/** Sees to it that the host has the role: installed as wanted, enabled, running. */
export async function prepare(places: Places, host: HostName, role: Role): Promise<void> {
  const wanted = createHash("sha256").update(role.script).digest("hex");
  const marker = `/var/lib/lab/role-${role.name}`;
  // The marker comes after a sync, so that it vouches for what a power cut can't take away.
  const script = `set -eu
state=$(systemctl is-active ${role.unit} || true)
# One that is starting is waited for: MariaDB never ends if it is told to while it starts.
[ "$state" != activating ] || systemctl start ${role.unit} || true
if [ "$(cat ${marker} 2>/dev/null)" = ${wanted} ] && systemctl -q start ${role.unit}; then exit 0; fi
mkdir -p /var/lib/lab
rm -f ${marker}
${role.script}
systemctl -q enable ${role.unit} 2>/dev/null
sync
echo ${wanted} >${marker}
sync ${marker}
`;
  const { stdout, stderr, code } = await ssh(places, host, ["sh", "-s"], {
    stdin: script,
    timeoutMs: 120_000,
  });
  if (code !== 0) {
    throw new Error(
      `${role.name} on ${host}: exit code ${code}\n  ${(stderr || stdout).trim().replaceAll("\n", "\n  ")}`,
    );
  }
}
