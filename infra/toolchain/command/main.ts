/**
 * Stand-in for the `command` plugin 1.2.1, which is in no Go module: what a program needs of local.Command,
 * remote.Command and remote.CopyToRemote. With the official CLI the real plugin is used; nothing may depend on this
 * one being here. What it can't do, it refuses in Check.
 */
import { randomUUID } from "node:crypto";
import { type Change, type Props, serve, unknownValue } from "../../provider/rpc.ts";
import { apply, type Kind, remove } from "./apply.ts";
import { refusals } from "./refusals.ts";

/** A command's output isn't known before it has run; a copy has none. */
function preview(type: string, inputs: Props): Props {
  return type.endsWith(":Command") ? { ...inputs, stdout: unknownValue, stderr: unknownValue } : inputs;
}

function changes(before: Props, after: Props): Change[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys]
    .filter((key) => canonical(before[key]) !== canonical(after[key]))
    .map((key) => ({ path: key, kind: kind(key, before, after) }));
}

function kind(key: string, before: Props, after: Props): Change["kind"] {
  if (key === "triggers") return "update-replace";
  if (!(key in before)) return "add";
  return key in after ? "update" : "delete";
}

/** JSON with sorted keys: maps have no order on the wire. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, part: unknown) =>
    part && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

serve({
  version: "1.2.1",
  schema: { name: "command", version: "1.2.1" },
  configure: () => {},
  check: (type, _olds, news) => ({ inputs: news, failures: refusals(type, news) }),
  diff: (_type, olds, oldInputs, news) => changes(Object.keys(oldInputs).length > 0 ? oldInputs : olds, news),
  create: async (type, name, inputs, dry, signal) =>
    dry
      ? { id: "", props: preview(type, inputs) }
      : {
          id: `${name}-${randomUUID().slice(0, 8)}`,
          props: await apply(type as Kind, inputs, undefined, signal),
        },
  // Like the real one it never looks: a refresh can't see what has become of a command's work.
  read: async (_type, id, inputs, props) => ({ id, props: props ?? {}, ...(inputs && { inputs }) }),
  update: async (type, _id, olds, news, dry, signal) =>
    dry ? preview(type, news) : apply(type as Kind, news, olds, signal),
  delete: (type, _id, props, signal) => remove(type as Kind, props, signal),
});
