/** What decides whether a member is fit to hold the VIPs: scripts, switch files, processes. */
import { z } from "zod";
import { absolutePath, duration, weight, word } from "./scalars.ts";

const text = z.strictObject({
  /** The whole script, with its `#!` line. */
  text: z.string().startsWith("#!", { error: "expected: a script that begins with `#!`" }),
});

/**
 * Which script: the name of a template in `templates/scripts/` (`check_manager.sh`), an absolute path of a program
 * that is on the host already, or `{ text }`.
 */
export const script = z.union([z.string().min(1), text], {
  error: "expected: the name of a script, an absolute path, or { text }",
});
export type Script = z.infer<typeof script>;

const timing = {
  /** From one start to the next; default 1 s. */
  every: duration.default(1000),
  /** Failures in a row that count as failed; default 1. */
  fall: z.int().min(1).default(1),
  /** Successes in a row that count as well again; default 1. */
  rise: z.int().min(1).default(1),
  /** A run that takes longer is killed and has failed; default `every`. */
  timeout: duration.optional(),
  /** Moves the priority: subtracted on failure when negative, added on success when positive. None: failure is FAULT. */
  weight: weight.optional(),
};

export const track = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("script"),
    script,
    args: z.array(word).default([]),
    /** Who runs it; default the script user. */
    user: word.optional(),
    ...timing,
  }),
  z.strictObject({ kind: z.literal("file"), path: absolutePath, means: z.enum(["down", "up"]), ...timing }),
  z.strictObject({
    kind: z.literal("haproxy"),
    ports: z.array(z.int().min(1).max(65_535)).default([]),
    url: word.optional(),
    ...timing,
  }),
  z.strictObject({
    kind: z.literal("process"),
    process: word,
    quorum: z.int().min(1).default(1),
    delay: duration.optional(),
    weight: weight.optional(),
  }),
]);
export type Track = z.infer<typeof track>;
export type TrackInput = z.input<typeof track>;

type Options<Kind extends TrackInput["kind"], Taken extends string> = Omit<
  Extract<TrackInput, { kind: Kind }>,
  "kind" | Taken
>;

/** Healthy while the script ends with 0. */
export function runs(
  script: z.input<typeof text> | string,
  options: Options<"script", "script"> = {},
): TrackInput {
  return { kind: "script", script, ...options };
}

/** A switch for people: the member is out of service while the file is there (`means: "up"`: while it is not). */
export function fileExists(
  path: string,
  options: Partial<Options<"file", "path">> & { means?: "down" | "up" } = {},
): TrackInput {
  return { kind: "file", path, means: "down", ...options };
}

/** Healthy while HAProxy runs, listens on its ports, and answers the URL where one is given. */
export function haproxyAnswers(options: Options<"haproxy", never> = {}): TrackInput {
  return { kind: "haproxy", ...options };
}

/** Healthy while a process of this name runs; watched, not polled. */
export function processRuns(process: string, options: Options<"process", "process"> = {}): TrackInput {
  return { kind: "process", process, ...options };
}
