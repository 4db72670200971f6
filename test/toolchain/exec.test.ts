import { expect, test } from "vitest";
import { exec } from "../../infra/toolchain/exec.ts";

test("output is collected, and handed on by lines with their stream", async () => {
  const lines: string[] = [];
  const result = await exec(["sh", "-c", "cat; echo b; echo c >&2; exit 3"], {
    stdin: "a\n",
    onLine: (line, stream) => lines.push(`${stream} ${line}`),
  });
  expect(result).toEqual({ code: 3, stdout: "a\nb\n", stderr: "c\n" });
  expect(lines.toSorted()).toEqual(["stderr c", "stdout a", "stdout b"]);
});

test("the end by a signal is a code as in a shell", async () => {
  expect((await exec(["sh", "-c", "kill -TERM $$"])).code).toBe(143);
});

test("a program that isn't there is named", async () => {
  await expect(exec(["/no/such/program"])).rejects.toThrow("start /no/such/program");
});

test("a group is ended with all that it has started", async () => {
  const stop = new AbortController();
  const running = exec(["sh", "-c", "sleep 60 & echo started; wait"], {
    group: true,
    signal: stop.signal,
    onLine: () => stop.abort(),
  });
  expect(await running).toMatchObject({ code: 143, stdout: "started\n" }); // the sleep would hold stdout for a minute
});

test("what was aborted before the start is ended at once", async () => {
  expect((await exec(["sleep", "60"], { signal: AbortSignal.abort() })).code).toBe(143);
});
