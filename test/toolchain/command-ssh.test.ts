/** The command plugin's stand-in against a real sshd on loopback. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apply, remove } from "../../infra/toolchain/command/apply.ts";
import { refusals } from "../../infra/toolchain/command/refusals.ts";
import { sshConfig } from "../../infra/toolchain/command/ssh.ts";

const sshd = "/usr/sbin/sshd";
const never = new AbortController().signal;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}

describe.skipIf(!existsSync(sshd) || (userInfo().uid !== 0 && !existsSync("/run/sshd")))("over SSH", () => {
  const folder = mkdtempSync(join(tmpdir(), "understudy-sshd-"));
  const key = (name: string) => readFileSync(join(folder, name), "utf8");
  let server: ChildProcess;
  let connection: { host: string; port: number; user: string; privateKey: string; hostKey: string };

  beforeAll(async () => {
    for (const name of ["host", "user", "other"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
    }
    if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true }); // as Debian's unit does; sshd wants it
    const port = await freePort();
    const config = [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${folder}/host`,
      `AuthorizedKeysFile ${folder}/user.pub`,
      "StrictModes no",
      "UsePAM no",
      "PidFile none",
      "AcceptEnv GREETING PULUMI_COMMAND_*",
    ];
    writeFileSync(join(folder, "config"), `${config.join("\n")}\n`);
    server = spawn(sshd, ["-D", "-e", "-f", join(folder, "config")], { stdio: ["ignore", "ignore", "pipe"] });
    const [first] = await once(server.stderr!, "data");
    expect(String(first)).toContain("Server listening");
    const user = userInfo().username;
    connection = { host: "127.0.0.1", port, user, privateKey: key("user"), hostKey: key("host.pub") };
  });

  afterAll(() => {
    server.kill();
    rmSync(folder, { recursive: true });
  });

  test("a command gets its stdin and environment; the next one the output before it", async () => {
    const inputs = {
      connection,
      create: 'cat; echo "$GREETING"',
      stdin: "from stdin ",
      environment: { GREETING: 'say "hi"' },
    };
    const props = await apply("command:remote:Command", inputs, undefined, never);
    expect(props.stdout).toBe('from stdin say "hi"');
    const news = { ...inputs, update: 'echo "before: $PULUMI_COMMAND_STDOUT"' };
    const updated = await apply("command:remote:Command", news, props, never);
    expect(updated.stdout).toBe('before: from stdin say "hi"');
  });

  test("a file is copied byte for byte, also to a path with a quote", async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 39]);
    writeFileSync(join(folder, "source"), bytes);
    const remotePath = join(folder, "it's here");
    const inputs = { connection, remotePath, source: { path: join(folder, "source") } };
    await apply("command:remote:CopyToRemote", inputs, undefined, never);
    expect(readFileSync(remotePath)).toEqual(bytes);
  });

  test("a host with another key than the given one is refused", async () => {
    const wrong = {
      connection: { ...connection, hostKey: key("other.pub") },
      create: `touch ${folder}/reached`,
    };
    await expect(apply("command:remote:Command", wrong, undefined, never)).rejects.toThrow(/[Hh]ost key/);
    expect(readdirSync(folder)).not.toContain("reached");
  });

  test("a failing command names its exit code and its last words", async () => {
    const inputs = { connection, create: "true", delete: "echo no such luck >&2; exit 3" };
    await expect(remove("command:remote:Command", inputs, never)).rejects.toThrow(
      /exit code 3\nno such luck/,
    );
  });
});

test("ssh's settings check the host's key only when it is known, and hold no secret but by file", () => {
  const settings = sshConfig({ host: "h", privateKey: "KEY" }, {}, "/d");
  expect(settings).toContain("StrictHostKeyChecking no\n");
  expect(settings).toContain("IdentityFile /d/key\n");
  expect(settings).not.toContain("KEY");
  expect(sshConfig({ host: "h", hostKey: "ssh-ed25519 A" }, {}, "/d")).toContain(
    "StrictHostKeyChecking yes\n",
  );
});

test("what only the real plugin can do is refused by name", () => {
  const inputs = { connection: { host: "h", password: "x" }, assetPaths: ["*"] };
  expect(refusals("command:remote:Command", inputs).map((one) => one.property)).toEqual([
    "assetPaths",
    "connection.password",
  ]);
  expect(refusals("command:remote:CopyToRemote", { source: { assets: {} } })).toHaveLength(1);
  expect(refusals("command:remote:Command", { connection: { host: "h" }, create: "true" })).toEqual([]);
  expect(refusals("command:index:Run", {})).toHaveLength(1);
});
