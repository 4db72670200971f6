/** The SSH transport against a real sshd on loopback, started by the test; skipped where there is none. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quote } from "../../infra/machine/shell.ts";
import type { Connection } from "../../infra/provider/host/schema.ts";
import { knownHostsFile, openssh, reasonOf } from "../../infra/provider/remote/ssh.ts";
import { Unreachable } from "../../infra/provider/remote/transport.ts";

const sshd = "/usr/sbin/sshd";
const never = new AbortController().signal;

describe.skipIf(!existsSync(sshd) || process.getuid?.() !== 0)("over OpenSSH", () => {
  let folder: string;
  let server: ChildProcess;
  let connection: Connection;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "understudy-sshd-"));
    const key = (name: string) => {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
      return readFileSync(join(folder, `${name}.pub`), "utf8");
    };
    const hostKey = key("host").split(" ").slice(0, 2).join(" ");
    writeFileSync(join(folder, "authorized"), key("id"));
    key("other");
    for (const name of ["host", "id", "other"]) chmodSync(join(folder, name), 0o600);
    const port = await freePort();
    const config = [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${folder}/host`,
      `AuthorizedKeysFile ${folder}/authorized`,
      "PidFile none",
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "PermitRootLogin yes",
    ];
    writeFileSync(join(folder, "sshd_config"), `${config.join("\n")}\n`);
    mkdirSync("/run/sshd", { recursive: true });
    server = spawn(sshd, ["-D", "-e", "-f", join(folder, "sshd_config")], { stdio: "ignore" });
    const user = userInfo().username;
    const identityFile = join(folder, "id");
    connection = { host: "127.0.0.1", port, user, knownHosts: [`127.0.0.1 ${hostKey}`], identityFile };
    for (let tries = 0; tries < 50 && !(await reachable()); tries++)
      await new Promise((done) => setTimeout(done, 100));
  });
  afterAll(() => {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  const reachable = () =>
    openssh()(connection)
      .run("exit 0", never)
      .then(
        () => true,
        () => false,
      );

  test("a script's output, words and exit code come back", async () => {
    const words = quote('it\'s "$HOME" `id` \\ \n');
    const output = await openssh()(connection).run(`printf %s ${words}; echo warn >&2; exit 7`, never);
    expect(output).toEqual({ code: 7, stdout: 'it\'s "$HOME" `id` \\ \n', stderr: "warn\n" });
  });

  test("nothing of the script is in a process list", async () => {
    const script = `secret=hunter2-${"x"}; cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' '`;
    const output = await openssh()(connection).run(script, never);
    expect(output.stdout).toContain("sh -s");
    expect(output.stdout).not.toContain("hunter2");
  });

  test("another host key is refused, and named as such", async () => {
    const wrong = readFileSync(join(folder, "other.pub"), "utf8").split(" ").slice(0, 2).join(" ");
    const run = openssh()({ ...connection, knownHosts: [`127.0.0.1 ${wrong}`] }).run("exit 0", never);
    await expect(run).rejects.toThrow(/its host key is not the one in the stack's configuration/);
    const unknown = openssh()({ ...connection, knownHosts: [] }).run("exit 0", never);
    await expect(unknown).rejects.toBeInstanceOf(Unreachable);
  });

  test("a key that is not accepted, and a port that nobody listens on, are named", async () => {
    const other = openssh()({ ...connection, identityFile: join(folder, "other") }).run("exit 0", never);
    await expect(other).rejects.toThrow(/it accepts none of our keys/);
    const nobody = openssh()({ ...connection, port: await freePort() }).run("exit 0", never);
    await expect(nobody).rejects.toThrow(/connection refused$/);
  });

  test("an abort ends the session with its reason", async () => {
    const stop = new AbortController();
    const run = openssh()(connection).run("sleep 30", stop.signal);
    setTimeout(() => stop.abort(new Error("stopped by the operator")), 300);
    await expect(run).rejects.toThrow("stopped by the operator");
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

test("another port than 22 is looked up by ssh in its own form", () => {
  const connection = {
    host: "10.0.0.1",
    port: 2222,
    user: "root",
    knownHosts: ["10.0.0.1 ssh-ed25519 AAAA"],
  };
  expect(knownHostsFile(connection)).toBe("10.0.0.1 ssh-ed25519 AAAA\n[10.0.0.1]:2222 ssh-ed25519 AAAA\n");
});

test.each([
  ["ssh: connect to host 10.0.0.1 port 22: No route to host", "root@10.0.0.1:22: no route to host"],
  ["Connection timed out during banner exchange", "root@10.0.0.1:22: timed out"],
  ["something else", "root@10.0.0.1:22: something else"],
  ["", "root@10.0.0.1:22: ssh ended without a word"],
])("%s", (stderr, reason) => {
  expect(reasonOf(stderr, { host: "10.0.0.1", port: 22, user: "root", knownHosts: [] })).toBe(reason);
});
