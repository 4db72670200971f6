/** How a director finds out whether a real server is fit to serve. */
import { z } from "zod";
import { duration, word } from "./scalars.ts";
import { script } from "./track.ts";

const timing = {
  /** From one check to the next; default 10 s. */
  every: duration.default(10_000),
  /** Limit of one try; default 5 s. */
  timeout: duration.default(5000),
  /** Further tries before the server is taken out; default 3. */
  retries: z.int().min(0).default(3),
  /** Pause between tries; default 3 s. */
  pause: duration.default(3000),
};

export const check = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("connect"), ...timing }),
  z.strictObject({
    kind: z.literal("login"),
    user: word,
    /** Name of the secret that holds the password; default `<user>-password`. */
    password: word.optional(),
    ...timing,
  }),
  z.strictObject({
    kind: z.literal("http"),
    path: word,
    host: word.optional(),
    status: z.int().min(100).max(599).optional(),
    /** MD5 of the body. */
    digest: z
      .string()
      .regex(/^[0-9a-f]{32}$/, { error: "expected: 32 hexadecimal digits, as `understudy genhash` prints" })
      .optional(),
    tls: z.boolean().default(false),
    ...timing,
  }),
  z.strictObject({ kind: z.literal("script"), script, args: z.array(word).default([]), ...timing }),
]);
export type Check = z.infer<typeof check>;
export type CheckInput = z.input<typeof check>;

type Options<Kind extends CheckInput["kind"], Taken extends string> = Omit<
  Extract<CheckInput, { kind: Kind }>,
  "kind" | Taken
>;

/** Opens a TCP connection and closes it. */
export function connects(options: Options<"connect", never> = {}): CheckInput {
  return { kind: "connect", ...options };
}

/** Logs in to a MySQL or MariaDB server and asks it for a row. */
export function logsIn(options: Options<"login", never>): CheckInput {
  return { kind: "login", ...options };
}

/** Asks for a page and compares its status or its digest. */
export function getsHttp(path: string, options: Options<"http", "path"> = {}): CheckInput {
  return { kind: "http", path, ...options };
}

/** Runs a script with the server's address and port as last arguments; healthy when it ends with 0. */
export function runsCheck(
  script: string | { text: string },
  options: Options<"script", "script"> = {},
): CheckInput {
  return { kind: "script", script, ...options };
}
