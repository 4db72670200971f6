/** The provider's schema as Pulumi wants it: enough for `pulumi package get-schema`; our program has its own classes. */
import { factsToken } from "./facts/schema.ts";
import { hostType } from "./host/schema.ts";
import { pairType } from "./pair/schema.ts";

export const providerVersion = "0.1.0";

const anything = { $ref: "pulumi.json#/Any" };
const mapOf = { type: "object", additionalProperties: anything };

const host = {
  connection: anything,
  files: mapOf,
  sysctls: mapOf,
  addresses: mapOf,
  marks: mapOf,
  accepts: mapOf,
  units: mapOf,
  engine: anything,
  secrets: { ...mapOf, secret: true },
};
const pair = {
  instance: { type: "string" },
  members: { type: "array", items: anything },
  vips: { type: "array", items: { type: "string" } },
  holder: { type: "string" },
  ready: { type: "array", items: { type: "string" } },
  observer: anything,
  proofs: { type: "array", items: anything },
  secrets: { ...mapOf, secret: true },
  trigger: { type: "string" },
};
const resource = (description: string, properties: Record<string, unknown>, optional: string) => {
  const required = Object.keys(properties).filter((name) => name !== optional);
  return { description, properties, required, inputProperties: properties, requiredInputs: required };
};

export const providerSchema = {
  name: "understudy",
  version: providerVersion,
  description: "Linux hosts and HA pairs: made equal to their plan, read back live",
  resources: {
    [hostType]: resource("Everything of one Linux host that Understudy owns.", host, "engine"),
    [pairType]: resource("Who holds the VIPs of one instance.", pair, "observer"),
  },
  functions: {
    [factsToken]: {
      inputs: { properties: { connection: anything }, required: ["connection"] },
      outputs: {
        properties: { facts: anything, unreachable: { type: "string" } },
        required: ["unreachable"],
      },
    },
  },
};
