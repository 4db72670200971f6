import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { factsToken } from "../../infra/provider/facts/schema.ts";
import { type HostArgs, hostType } from "../../infra/provider/host/schema.ts";
import type { Props } from "../../infra/provider/rpc.ts";
import { aHost, FolderHost, withConfig } from "../support/folder-host.ts";
import { type CallFailed, ProviderClient } from "../support/provider-client.ts";

let provider: ProviderClient;
let host: FolderHost;
beforeAll(async () => {
  provider = await ProviderClient.start("folder-provider.ts");
});
afterAll(() => provider.stop());
beforeEach(() => {
  host = new FolderHost();
});
afterEach(() => host.dispose());

const props = (args: HostArgs): Props => JSON.parse(JSON.stringify(args));

describe("a host over gRPC", () => {
  test("is created, read back without a difference, and shows drift by its path", async () => {
    const { inputs, failures } = await provider.check(hostType, props(aHost(host)));
    expect(failures).toEqual([]);
    expect((await provider.create(hostType, inputs)).id).toBe("db1");
    const read = await provider.read(hostType, inputs);
    expect(await provider.diff(hostType, read.inputs, inputs)).toEqual([]);

    host.write("/proc/sys/net/ipv4/conf/all/arp_ignore", "0\n");
    host.write("/etc/understudy/understudy.conf", "router db1\npassword stolen\n");
    const drifted = await provider.read(hostType, inputs);
    expect((await provider.diff(hostType, drifted.inputs, inputs)).sort()).toEqual([
      'files["/etc/understudy/understudy.conf"].content',
      'sysctls["net.ipv4.conf.all.arp_ignore"]',
    ]);
    expect(JSON.stringify(drifted.inputs.files)).not.toMatch(/hunter2|stolen/);

    await provider.update(hostType, drifted.inputs, inputs);
    expect(host.read("/etc/understudy/understudy.conf")).toBe("router db1\npassword hunter2\n");
  });

  test("is not touched by a preview", async () => {
    const inputs = props(aHost(host));
    expect((await provider.create(hostType, inputs, true)).id).toBe("");
    await provider.update(hostType, inputs, inputs, true);
    expect(host.log()).toEqual([]);
    expect(host.has("/var/lib/understudy")).toBe(false);
  });

  test("that is unreachable keeps its state and is named", async () => {
    const inputs = props(aHost(host));
    host.unplug();
    const failed: CallFailed = await provider.read(hostType, inputs).catch((error) => error);
    expect(failed.initFailed).toEqual({
      id: "db1",
      inputs,
      reasons: ["host db1 is unreachable: connection refused"],
    });
    const update: CallFailed = await provider.update(hostType, inputs, inputs).catch((error) => error);
    expect(update.message).toBe("host db1 is unreachable: connection refused");
    expect(update.initFailed).toBeUndefined();
    host.plug();
    expect((await provider.read(hostType, inputs)).id).toBe("db1");
  });

  test("that does not become healthy exists all the same, so that the next `up` goes on", async () => {
    const inputs = props(withConfig(aHost(host), "status-code 2\n"));
    const failed: CallFailed = await provider.create(hostType, inputs).catch((error) => error);
    expect(failed.initFailed?.id).toBe("db1");
    expect(failed.message).toContain("host db1: not healthy after 1 s: mysql: db3 is down");
  });

  test("whose plan is not whole is read, but never changed", async () => {
    const inputs = props({ ...aHost(host), incomplete: ["the MAC address of db2 is not known"] });
    const failed: CallFailed = await provider.create(hostType, inputs).catch((error) => error);
    expect(failed.message).toBe(
      "host db1: left as it is, for its plan is not whole: the MAC address of db2 is not known",
    );
    expect(host.log()).toEqual([]);
  });
});

test("facts of an unreachable host are an answer, not an error", async () => {
  const { connection } = props(aHost(host));
  host.unplug();
  expect(await provider.invoke(factsToken, { connection: connection ?? null })).toEqual({
    facts: null,
    holding: [],
    unreachable: "connection refused",
  });
});

test("an unknown type is an error that says so", async () => {
  await expect(provider.check("understudy:index:Nothing", {})).rejects.toThrow(
    "unknown resource type understudy:index:Nothing",
  );
});

describe("the provider's end", () => {
  test("an operator's Ctrl-C ends what is under way, with words", async () => {
    const own = await ProviderClient.start("folder-provider.ts");
    const waits = props(withConfig(aHost(host), "status-code 2\n"));
    const create = own.create(hostType, waits).catch((error: CallFailed) => error.message);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await own.cancel();
    expect(await create).toContain("stopped half-way by the operator; the next `up` goes on from here");
    await own.stop();
  });

  test("it goes when the engine that started it is gone", async () => {
    const own = await ProviderClient.start("folder-provider.ts");
    await own.stop();
    expect(own.process.exitCode).toBe(0);
  });
});
