/** The hosts' facts before planning; of a host that is not reached, those that were last known. */
import * as pulumi from "@pulumi/pulumi";
import { type FactsAnswer, factsToken, type HostFacts } from "../provider/facts/schema.ts";
import type { Connection } from "../provider/host/schema.ts";
import { recall, remember } from "./memory.ts";

export interface Discovery {
  facts: Record<string, HostFacts>;
  /** Why a host was not reached, by host. */
  unreachable: Record<string, string>;
  /** Instances that a host is master of now. */
  holding: Record<string, string[]>;
}

export async function discover(connections: Record<string, Connection>): Promise<Discovery> {
  const stack = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const result: Discovery = { facts: {}, unreachable: {}, holding: {} };
  await Promise.all(
    Object.entries(connections).map(async ([name, connection]) => {
      const answer = (await pulumi.runtime.invoke(factsToken, { connection })) as FactsAnswer;
      result.holding[name] = answer.holding;
      const facts = answer.facts ?? recall(stack, connection);
      if (facts) result.facts[name] = facts;
      if (answer.facts) remember(stack, connection, answer.facts);
      else result.unreachable[name] = answer.unreachable;
    }),
  );
  const unknown = Object.keys(result.unreachable).filter((name) => !result.facts[name]);
  const last = unknown.length > 0 ? await lastOutputs(stack) : {};
  for (const name of unknown) if (last[name]) result.facts[name] = last[name];
  return result;
}

/** The output `facts` of this very stack. */
async function lastOutputs(stack: string): Promise<Record<string, HostFacts>> {
  const reference = new pulumi.StackReference("last-update", { name: stack });
  const { value, secretValue } = await reference.getOutputDetails("facts");
  return (secretValue ?? value ?? {}) as Record<string, HostFacts>;
}
