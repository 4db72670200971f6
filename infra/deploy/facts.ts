/** The hosts' facts before planning; of a host that is not reached those of the last deploy, from the stack's outputs. */
import * as pulumi from "@pulumi/pulumi";
import { type FactsAnswer, factsToken, type HostFacts } from "../provider/facts/schema.ts";
import type { Connection } from "../provider/host/schema.ts";

export interface Discovery {
  facts: Record<string, HostFacts>;
  /** Why a host was not reached, by host. */
  unreachable: Record<string, string>;
  /** Instances that a host is master of now. */
  holding: Record<string, string[]>;
}

export async function discover(connections: Record<string, Connection>): Promise<Discovery> {
  const result: Discovery = { facts: {}, unreachable: {}, holding: {} };
  await Promise.all(
    Object.entries(connections).map(async ([name, connection]) => {
      const answer = (await pulumi.runtime.invoke(factsToken, { connection })) as FactsAnswer;
      if (answer.facts) result.facts[name] = answer.facts;
      else result.unreachable[name] = answer.unreachable;
      result.holding[name] = answer.holding;
    }),
  );
  if (Object.keys(result.unreachable).length > 0) {
    const last = await lastKnown();
    for (const name of Object.keys(result.unreachable)) {
      const facts = last[name];
      if (facts) result.facts[name] = facts;
    }
  }
  return result;
}

/** The output `facts` of this very stack, as the last deploy left it. */
async function lastKnown(): Promise<Record<string, HostFacts>> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const last = await new pulumi.StackReference("last-deploy", { name }).getOutputDetails("facts");
  return (last.secretValue ?? last.value ?? {}) as Record<string, HostFacts>;
}
