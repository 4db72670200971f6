/** A network and mount namespace of its own for one command, where this machine lets us make one. */
import { spawnSync } from "node:child_process";

/** Why nothing can be run there, as `keepalived is not installed`; undefined when it can. */
export function missingFor(...programs: string[]): string | undefined {
  const absent = programs.find((program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0);
  if (absent !== undefined) return `${absent} is not installed`;
  return spawnSync("unshare", ["--net", "--mount", "true"]).status === 0 ? undefined : "no namespaces here";
}

export interface Outcome {
  status: number | null;
  output: string;
}

/** Runs a shell script there, with eth0 (one end of a veth pair, up) that has the given addresses. */
export function inNamespace(script: string, ...addresses: string[]): Outcome {
  const network = [
    "ip link add eth0 type veth peer name peer0",
    "ip link set peer0 up; ip link set eth0 up; ip link set lo up",
    ...addresses.map((address) => `ip address add ${address} dev eth0`),
  ];
  const run = spawnSync("unshare", ["--net", "--mount", "sh", "-ec", [...network, script].join("\n")], {
    encoding: "utf8",
    timeout: 20_000,
  });
  return { status: run.status, output: `${run.stdout}${run.stderr}`.trim() };
}
