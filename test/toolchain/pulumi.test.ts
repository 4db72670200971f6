/** The CLI, the language host and the command plugin as they are used: a real `up` of a small program. */
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../infra/machine/checkout.ts";
import { pulumiCli } from "../../infra/toolchain/cli.ts";
import { pulumi } from "../../infra/toolchain/pulumi.ts";

const program = `
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
const config = new pulumi.Config();
const greeting: string = config.require("greeting");
const command = new local.Command("hello", { create: \`echo \${greeting}\`, stdin: config.getSecret("password") ?? "" });
export const said = command.stdout;
export const letters = config.getSecret("password")?.apply((text) => text.length);
`;
const committed = "# the lab\nconfig:\n  small:greeting: hello\n";
const secret = "a-secret-of-26-characters!";

let project: string;
const file = (name: string) => join(project, name);
const run = async (...args: string[]) => {
  const result = await pulumi([...args, "--stack", "lab", "--non-interactive"], { project });
  if (result.code !== 0) throw new Error(result.stdout + result.stderr);
  return result.stdout;
};
const outputs = async () => JSON.parse(await run("stack", "output", "--json", "--show-secrets"));

beforeAll(async () => {
  await pulumiCli(); // may have to build it
  project = mkdtempSync(join(tmpdir(), "understudy-pulumi-"));
  symlinkSync(join(root, "node_modules"), file("node_modules"));
  writeFileSync(file("package.json"), '{ "type": "module" }');
  writeFileSync(
    file("Pulumi.yaml"),
    "name: small\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.ts\n",
  );
  writeFileSync(file("Pulumi.lab.yaml"), committed);
  writeFileSync(file("index.ts"), program);
}, 900_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

test("a stack that has only its settings file is made, brought up, and stays without changes", async () => {
  await run("up", "--yes", "--skip-preview");
  expect(await outputs()).toMatchObject({ said: "hello" });
  await run("preview", "--expect-no-changes");
}, 60_000);

test("a secret is read from stdin, reaches the program, and is nowhere in clear", async () => {
  const set = await pulumi(["config", "set", "--secret", "password", "--stack", "lab"], {
    project,
    stdin: secret,
  });
  expect(set.code, set.stderr).toBe(0);
  await run("up", "--yes", "--skip-preview");
  expect(await outputs()).toMatchObject({ letters: secret.length });
  const kept = readdirSync(file(".state"), { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  expect(kept.length).toBeGreaterThan(3);
  for (const one of kept) expect(readFileSync(join(one.parentPath, one.name), "utf8")).not.toContain(secret);
}, 60_000);

test("the committed settings stay as they are; a change to them is taken over and the secret kept", async () => {
  expect(readFileSync(file("Pulumi.lab.yaml"), "utf8")).toBe(committed);
  writeFileSync(file("Pulumi.lab.yaml"), committed.replace("hello", "good evening"));
  await run("up", "--yes", "--skip-preview");
  expect(await outputs()).toEqual({ said: "good evening", letters: secret.length });
}, 60_000);

test("an error of the program is reported without a second one from the language host", async () => {
  writeFileSync(file("index.ts"), 'throw new Error("the site is wrong");\n');
  const result = await pulumi(["preview", "--stack", "lab", "--non-interactive"], { project });
  expect(result.code).not.toBe(0);
  expect(result.stdout + result.stderr).toContain("the site is wrong");
  expect(result.stdout + result.stderr).not.toContain("the program ended with");
}, 60_000);

test("the passphrase is private, and removing the stack removes the copy only", async () => {
  expect(statSync(file(".state/passphrase")).mode & 0o777).toBe(0o600);
  await run("stack", "rm", "--yes", "--force");
  expect(readdirSync(project)).toContain("Pulumi.lab.yaml");
  expect(readdirSync(file(".state/settings"))).not.toContain("Pulumi.lab.yaml");
}, 60_000);
