import { expect, test } from "vitest";
import { mails, type NotifyInput, runsScript, writesState } from "../../infra/model/notify.ts";
import { plan } from "../../infra/plan/plan.ts";
import { anEnvironment, aSite, aSiteInput, someHosts } from "../support/builders.ts";

function planned(notify: NotifyInput | NotifyInput[]) {
  const { hosts } = plan(aSite(aSiteInput({ pair: { notify } })), anEnvironment(), someHosts());
  const host = hosts.db1!;
  return { host, instance: host.engine!.instances[0]! };
}

test("the state is written as root, and its folder stays writable", () => {
  const { host, instance } = planned(writesState("/var/lib/mha/vip-state"));
  expect(instance.notify).toEqual([
    {
      keyword: "notify",
      command: ["/etc/understudy/scripts/write-state.sh", "/var/lib/mha/vip-state"],
      user: "root",
    },
  ]);
  expect(host.writablePaths).toEqual(["/var/lib/mha"]);
});

test("several are called one after the other by a script of the pair", () => {
  const { host, instance } = planned([
    writesState("/var/lib/a/state"),
    runsScript("/opt/tell", { args: ["ops"] }),
  ]);
  expect(instance.notify).toEqual([
    { keyword: "notify", command: ["/etc/understudy/scripts/read-notify.sh"], user: "root" },
  ]);
  const script = host.files.find(({ path }) => path.endsWith("read-notify.sh"));
  expect(script?.source).toMatchObject({
    values: {
      commands: [
        ["/etc/understudy/scripts/write-state.sh", "/var/lib/a/state"],
        ["setpriv", "--reuid=understudy", "--regid=understudy", "--init-groups", "/opt/tell", "ops"],
      ],
    },
  });
});

test("one state each has its own keyword, and mail is a flag", () => {
  const { instance } = planned([
    mails(),
    runsScript("/opt/up", { on: ["master"] }),
    runsScript("/opt/down", { on: ["fault", "stop"] }),
  ]);
  expect(instance.mail).toBe(true);
  expect(instance.notify.map(({ keyword, command }) => [keyword, ...command])).toEqual([
    ["notify_master", "/opt/up"],
    ["notify_fault", "/opt/down"],
    ["notify_stop", "/opt/down"],
  ]);
});

test("several of the script user's need nobody else", () => {
  const { host, instance } = planned([runsScript("/opt/one"), runsScript("/opt/two")]);
  expect(instance.notify).toEqual([
    { keyword: "notify", command: ["/etc/understudy/scripts/read-notify.sh"] },
  ]);
  const script = host.files.find(({ path }) => path.endsWith("read-notify.sh"));
  expect(script?.source).toMatchObject({ values: { commands: [["/opt/one"], ["/opt/two"]] } });
});
