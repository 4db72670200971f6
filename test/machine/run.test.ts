import { expect, test } from "vitest";
import { must, run } from "../../infra/machine/run.ts";

test("output is collected, and handed on by lines with their stream", async () => {
  const lines: string[] = [];
  const result = await run(["sh", "-c", "cat; echo b; echo c >&2; exit 3"], {
    stdin: "a\n",
    onLine: (line, stream) => lines.push(`${stream} ${line}`),
  });
  expect(result).toEqual({ code: 3, stdout: "a\nb\n", stderr: "c\n" });
  expect(lines.toSorted()).toEqual(["stderr c", "stdout a", "stdout b"]);
});

test("the end by a signal is a code as in a shell", async () => {
  expect((await run(["sh", "-c", "kill -TERM $$"])).code).toBe(143);
});

test("a program that isn't there is named", async () => {
  await expect(run(["/no/such/program"])).rejects.toThrow("start /no/such/program");
});

test("a group is ended with all that it has started", async () => {
  const stop = new AbortController();
  const running = run(["sh", "-c", "sleep 60 & echo started; wait"], {
    signal: stop.signal,
    onLine: () => stop.abort(),
  });
  expect(await running).toMatchObject({ code: 143, stdout: "started\n" }); // the sleep would hold stdout for a minute
});

test("what was aborted before the start is ended at once", async () => {
  expect((await run(["sleep", "60"], { signal: AbortSignal.abort() })).code).toBe(143);
});

test("a program that takes too long is killed, with all that it has started", async () => {
  const started = performance.now();
  await expect(run(["sh", "-c", "sleep 60 & wait"], { timeoutMs: 100 })).rejects.toThrow(
    "sh did not end within 0.1 s: sh -c sleep 60 & wait",
  );
  expect(performance.now() - started).toBeLessThan(10_000);
});

test("a program speaks the language that we read, unless it is given an environment", async () => {
  const language = async (env?: NodeJS.ProcessEnv) =>
    (await run(["/bin/sh", "-c", 'echo "$LC_ALL"'], env && { env })).stdout;
  expect(await language()).toBe("C\n");
  expect(await language({ LC_ALL: "de_DE.UTF-8" })).toBe("de_DE.UTF-8\n");
});

test("what has to succeed says what failed, and how", async () => {
  expect(await must(["echo", "a"])).toBe("a\n");
  await expect(must(["sh", "-c", "echo no space left >&2; exit 4"])).rejects.toThrow(
    /^sh -c .*: exit code 4\n {2}no space left$/,
  );
});
