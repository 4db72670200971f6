/** The scripts that land on a host, run: with stand-ins for the programs that they call. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const golden = resolve("test/golden");
const s5 = join(golden, "mysql-read-vip/db1/etc/understudy/scripts");
const s2 = join(golden, "haproxy-pair/lb1/etc/understudy/scripts");
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "understudy-scripts-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A program of this name that does what `body` says. */
function standIn(name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
}

function run(script: string, ...args: string[]) {
  const env = { PATH: `${folder}:/usr/bin:/bin` };
  const { status, stdout } = spawnSync("sh", [script, ...args], { encoding: "utf8", env });
  return { status, stdout };
}

test("the state's file holds the last state, and nothing is left beside it", () => {
  const file = join(folder, "deep/vip-state");
  for (const state of ["BACKUP", "MASTER"]) {
    expect(run(join(s5, "write-state.sh"), file, "INSTANCE", "read", state, "100").status).toBe(0);
    expect(readFileSync(file, "utf8")).toBe(`${state}\n`);
  }
  expect(readdirSync(join(folder, "deep"))).toEqual(["vip-state"]);
});

test("the database check logs in with the settings' file and no password among its words", () => {
  standIn("mariadb", `printf '%s\\n' "$@" >"${folder}/words"`);
  expect(run(join(s5, "check-mysql.sh"), "10.20.0.12", "3306").status).toBe(0);
  const words = readFileSync(join(folder, "words"), "utf8").trim().split("\n");
  // MySQL's programs take this one only as the first.
  expect(words[0]).toBe("--defaults-extra-file=/etc/understudy/secrets/mysql.cnf");
  expect(words).toEqual(expect.arrayContaining(["--host=10.20.0.12", "--port=3306", "--connect-timeout=10"]));
  expect(words.join(" ")).not.toMatch(/password|-p /);
});

test("the database check fails with its client, and without one", () => {
  standIn("mariadb", "exit 1");
  expect(run(join(s5, "check-mysql.sh"), "10.20.0.12", "3306").status).not.toBe(0);
});

test("a host without a manager's configuration has nothing that could fail", () => {
  const script = join(s5, "check_manager.sh");
  expect(run(script, join(folder, "none.cnf")).status).toBe(0);
  writeFileSync(join(folder, "app1.cnf"), "");
  standIn("masterha_check_status", "exit 2");
  expect(run(script, join(folder, "app1.cnf")).status).not.toBe(0);
  standIn("masterha_check_status", "exit 0");
  expect(run(script, join(folder, "app1.cnf")).status).toBe(0);
});

test("HAProxy answers when it runs, listens and returns the page: each of them counts", () => {
  const script = join(s2, "haproxy-answers.sh");
  standIn("pidof", "exit 0");
  standIn("ss", 'case "$2" in *:80) echo LISTEN ;; esac');
  standIn("curl", "exit 0");
  expect(run(script, "80", "http://127.0.0.1/").status).toBe(0);
  expect(run(script, "80", "81").status).not.toBe(0);
  standIn("curl", "exit 22");
  expect(run(script, "80", "http://127.0.0.1/").status).not.toBe(0);
  standIn("pidof", "exit 1");
  expect(run(script).status).not.toBe(0);
});
