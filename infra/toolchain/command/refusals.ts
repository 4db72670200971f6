/** What the real command plugin can do and this stand-in can't: refused with its name, never ignored. */
import type { Failure, Json, Props } from "../../provider/rpc.ts";

const kinds = ["command:local:Command", "command:remote:Command", "command:remote:CopyToRemote"];
const unknownInputs = ["assets", "assetPaths", "archivePaths"];
const unknownConnection = ["password", "privateKeyPassword", "proxy"];

export function refusals(type: string, inputs: Props): Failure[] {
  if (!kinds.includes(type)) return [refusal("", `the resource ${type}`)];
  const connection = isTree(inputs.connection) ? inputs.connection : {};
  const source = isTree(inputs.source) ? inputs.source : undefined;
  return [
    ...unknownInputs.filter((name) => inputs[name] !== undefined).map((name) => refusal(name, name)),
    ...unknownConnection
      .filter((name) => connection[name] !== undefined)
      .map((name) => refusal(`connection.${name}`, name)),
    ...(source && !("path" in source) && !("text" in source)
      ? [refusal("source", "an archive as source")]
      : []),
  ];
}

function refusal(property: string, what: string): Failure {
  return {
    property,
    reason: `the stand-in for the command plugin doesn't know ${what}: install the official Pulumi CLI`,
  };
}

function isTree(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
