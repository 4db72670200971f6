/** The provider: which resource answers for which type, and nothing of what they do. */
import type { Log } from "./engine-log.ts";
import { readFacts } from "./facts/read.ts";
import { factsToken } from "./facts/schema.ts";
import { defaultLimits } from "./host/apply.ts";
import { hostResource } from "./host/resource.ts";
import { type Connection, hostType } from "./host/schema.ts";
import { defaultPairLimits, pairResource } from "./pair/resource.ts";
import { pairType } from "./pair/schema.ts";
import { type Connect, Unreachable } from "./remote/transport.ts";
import type { Resource } from "./resource.ts";
import type { Props, Provider, State } from "./rpc.ts";
import { providerSchema, providerVersion } from "./schema.ts";

export interface Limits {
  gateSeconds: number;
  keep: number;
  settleSeconds: number;
}

export function understudy(connect: Connect, limits: Partial<Limits> = {}, log: Log = () => {}): Provider {
  const resources: Record<string, Resource> = {
    [hostType]: hostResource(connect, { ...defaultLimits, ...limits }),
    [pairType]: pairResource(connect, { ...defaultPairLimits, ...limits }, log),
  };
  const of = (type: string): Resource => {
    const resource = resources[type];
    if (!resource) throw new Error(`unknown resource type ${type}`);
    return resource;
  };
  return {
    version: providerVersion,
    schema: providerSchema,
    deleteBeforeReplace: true,
    configure() {},
    check: (type, _olds, news) => of(type).check(news),
    diff: (type, olds, oldInputs, news) => of(type).diff(firstOf(oldInputs, olds), news),

    // A preview has seen the hosts by the refresh before it; it never touches one.
    create: async (type, name, inputs, preview, signal): Promise<State> =>
      preview ? { id: "", props: inputs } : of(type).create(name, inputs, signal),
    update: async (type, id, olds, news, preview, signal): Promise<Props> =>
      preview ? news : of(type).update(id, olds, news, signal),

    async read(type, id, inputs, props, signal) {
      const known = firstOf(inputs ?? {}, props ?? {});
      // Without inputs, as in an import, nothing says where the host is: it can't be told to exist.
      return Object.keys(known).length > 0 ? of(type).read(id, known, signal) : undefined;
    },
    delete: (type, id, props, signal) => of(type).delete(id, props, signal),

    /** An unreachable host is an answer, so that the program can go on with the others. */
    async invoke(token, args, signal) {
      if (token !== factsToken) throw new Error(`unknown function ${token}`);
      try {
        const read = await readFacts(connect(args.connection as unknown as Connection), signal);
        return { result: JSON.parse(JSON.stringify({ ...read, unreachable: "" })) };
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        return { result: { facts: null, holding: [], unreachable: error.message } };
      }
    },
  };
}

const firstOf = (a: Props, b: Props): Props => (Object.keys(a).length > 0 ? a : b);
