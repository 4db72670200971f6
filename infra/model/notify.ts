/** What happens when a member changes state. */
import { z } from "zod";
import { absolutePath, word } from "./scalars.ts";
import { script } from "./track.ts";

export const notify = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("state"), path: absolutePath }),
  z.strictObject({
    kind: z.literal("script"),
    script,
    args: z.array(word).default([]),
    /** Who runs it; default the script user. */
    user: word.optional(),
    /** The states it is called for; default all of them. */
    on: z.array(z.enum(["master", "backup", "fault", "stop"])).default([]),
  }),
  z.strictObject({ kind: z.literal("mail") }),
]);
export type Notify = z.infer<typeof notify>;
export type NotifyInput = z.input<typeof notify>;

/** Keeps the current state, one word, in a file. */
export function writesState(path: string): NotifyInput {
  return { kind: "state", path };
}

/** Calls a script with `INSTANCE <name> <STATE> <priority>` at every change. */
export function runsScript(
  script: string | { text: string },
  options: Omit<Extract<NotifyInput, { kind: "script" }>, "kind" | "script"> = {},
): NotifyInput {
  return { kind: "script", script, ...options };
}

/** Sends a mail at every change, by the site's `mail`. */
export function mails(): NotifyInput {
  return { kind: "mail" };
}
