/** The whole program against mocks: what it creates, in which order, and that a mistake stops it before that. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FactsAnswer, factsToken } from "../../infra/provider/facts/schema.ts";
import { hostType } from "../../infra/provider/host/schema.ts";
import { pairType } from "../../infra/provider/pair/schema.ts";

vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let created: { type: string; name: string; inputs: Record<string, never> }[];
let messages: string[];
let unreachable: string[];

/** Types that the program may create; anything else is a mistake in it. */
const known = [
  "pulumi:pulumi:Stack",
  "understudy:deploy:Provision",
  "command:remote:Command",
  "command:remote:CopyToRemote",
  hostType,
  pairType,
];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "understudy-program-"));
  created = [];
  messages = [];
  unreachable = [];
  const engine = join(folder, "understudy");
  writeFileSync(engine, '#!/bin/sh\n[ "$1" = check ] || echo "understudy 0.1.0"\n! grep -q refuse-me "$2"\n');
  chmodSync(engine, 0o755);
  vi.stubEnv("UNDERSTUDY_ENGINE", engine);
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
  vi.stubEnv("UNDERSTUDY_SSH_DIR", folder);
  writeFileSync(join(folder, "known_hosts"), "db1,10.99.0.15 ssh-ed25519 AAAA\n");
  writeFileSync(join(folder, "id_ed25519"), "PRIVATE\n");
  vi.resetModules();
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const hosts = { db1: 15, db2: 16, db3: 17 };
const settings = (change: Record<string, unknown> = {}) => ({
  "understudy:site": "mysql-read-vip",
  "understudy:hosts": Object.fromEntries(
    Object.entries(hosts).map(([name, n]) => [name, { address: `10.99.0.${n}` }]),
  ),
  "understudy:addresses": { "read-vip": "10.20.0.200" },
  "understudy:monitor-password": "hunter2",
  ...change,
});

function factsOf(address: string): FactsAnswer {
  const last = address.split(".").pop();
  const mac = `02:00:00:00:00:${Number(last).toString(16).padStart(2, "0")}`;
  const eth0 = { name: "eth0", mac, addresses: [`10.20.0.${last}/24`], up: true };
  return {
    facts: {
      interfaces: [eth0],
      distribution: { id: "debian", version: "13" },
      architecture: "x86_64",
      kernel: "6.12",
      installation: `installation-${last}`,
      firewall: { dropsInput: false, stateful: false, tool: "none" },
    },
    holding: [],
    unreachable: "",
  };
}

async function runProgram(config = settings()): Promise<void> {
  const sdk = await import("@pulumi/pulumi");
  await sdk.runtime.setMocks(
    {
      newResource({ type, name, inputs }) {
        if (type === "pulumi:pulumi:StackReference")
          return { id: name, state: { ...inputs, outputs: {}, secretOutputNames: [] } };
        if (!known.includes(type)) throw new Error(`the program creates a ${type}, which no test knows`);
        created.push({ type, name, inputs });
        return { id: name, state: inputs };
      },
      call({ token, inputs }) {
        if (token !== factsToken) throw new Error(`the program calls ${token}, which no test knows`);
        const { host } = inputs.connection as { host: string };
        if (unreachable.includes(host)) return { facts: null, holding: [], unreachable: "timed out" };
        return factsOf(host);
      },
    },
    "understudy",
    "test",
    false,
    "organization",
  );
  const texts = Object.entries(config)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
  sdk.runtime.setAllConfig(Object.fromEntries(texts)); // replaces what an earlier test has set
  for (const level of ["info", "warn"] as const)
    vi.spyOn(sdk.log, level).mockImplementation(async (text) => {
      messages.push(text);
    });
  await import("../../infra/index.ts");
  await new Promise((resolve) => setTimeout(resolve, 200)); // resources register in the background
}

const names = (type: string): string[] =>
  created.filter((resource) => resource.type === type).map((resource) => resource.name);
const inputsOf = (name: string) =>
  created.find((resource) => resource.name === name)?.inputs as unknown as Record<string, unknown>;

describe("the lab's stack", () => {
  test("becomes hosts, standby first, then the pair", async () => {
    await runProgram();
    expect(names(hostType)).toEqual(["db3", "db2", "db1"]);
    expect(names(pairType)).toEqual(["read"]);
    expect(names("command:remote:CopyToRemote").sort()).toEqual([
      "db1-provision-engine-copy",
      "db2-provision-engine-copy",
    ]);
    expect(inputsOf("db1").marks).toMatchObject({ mysql: { exceptMacs: ["02:00:00:00:00:10"] } });
    expect(inputsOf("db1").connection).toEqual({
      host: "10.99.0.15",
      port: 22,
      user: "root",
      knownHosts: ["10.99.0.15 ssh-ed25519 AAAA"],
      identityFile: join(folder, "id_ed25519"),
    });
    expect(inputsOf("read")).toMatchObject({
      holder: "db1",
      ready: ["db1", "db2"],
      vips: ["10.20.0.200/32"],
    });
  });

  test("provisions a host anew when it was installed anew", async () => {
    await runProgram();
    for (const part of ["packages", "engine-copy", "engine"])
      expect(inputsOf(`db1-provision-${part}`).triggers).toContain("installation-15");
  });

  test("tells what was derived, and why", async () => {
    await runProgram();
    const derived = messages.find((text) => text.startsWith("derived:"));
    expect(derived).toContain("read: priorities db1 100, db2 90 (the first member is preferred)");
  });

  test("has its secrets in no file, and in no command", async () => {
    await runProgram();
    const { secrets: _, ...db1 } = inputsOf("db1");
    expect(JSON.stringify(db1)).not.toContain("hunter2");
    for (const { type, inputs } of created)
      if (type.startsWith("command:")) expect(JSON.stringify(inputs.stdin ?? "")).not.toContain("hunter2");
  });

  test("goes on without a host that is not reached, whose facts are remembered", async () => {
    await runProgram();
    created = [];
    unreachable = ["10.99.0.17"];
    vi.resetModules();
    await runProgram();
    expect(names(hostType)).toEqual(["db2", "db1", "db3"]);
    expect(inputsOf("db3").incomplete).toEqual([]);
    expect(inputsOf("db1").incomplete).toEqual([]);
  });

  test("leaves hosts alone whose plan is not whole", async () => {
    unreachable = ["10.99.0.16"];
    await runProgram();
    expect(inputsOf("db1").incomplete).not.toEqual([]);
    expect(inputsOf("db2").incomplete).not.toEqual([]);
  });
});

describe("a mistake stops the program before anything is created", () => {
  const rows: [string, Record<string, unknown>, RegExp][] = [
    [
      "an unknown site",
      { "understudy:site": "mysql-read-vpi" },
      /Pulumi.test.yaml: understudy:site\n {2}there is no site `mysql-read-vpi`\n {2}did you mean `mysql-read-vip`/,
    ],
    ["a missing secret", { "understudy:monitor-password": undefined }, /no secret `monitor-password`/],
    ["a VIP that is no address", { "understudy:addresses": { "read-vip": "10.20.0" } }, /read-vip/],
    ["a host without an address", { "understudy:hosts": { db1: {} } }, /understudy:hosts.db1.address/],
  ];
  test.each(rows)("%s", async (_name, change, text) => {
    await expect(runProgram(settings(change))).rejects.toThrow(text);
    expect(created.filter(({ type }) => type !== "pulumi:pulumi:Stack")).toEqual([]);
  });

  test("the error is one that Pulumi shows without a stack trace", async () => {
    const failed = await runProgram(settings({ "understudy:site": "nothing" })).catch((error) => error);
    expect(failed.name === "RunError" || pulumi.RunError.isInstance(failed)).toBe(true);
    expect(failed.message).toMatch(/No host was touched.$/);
  });
});
