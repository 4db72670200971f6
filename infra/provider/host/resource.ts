/** The `host` resource: from the provider's methods to inventory, comparison and rollout. */
import { diffProps } from "../diff.ts";
import { inventory } from "../remote/inventory.ts";
import { type Connect, Unreachable } from "../remote/transport.ts";
import type { Resource } from "../resource.ts";
import { InitFailed, type Props } from "../rpc.ts";
import { apply, type Limits, remove } from "./apply.ts";
import { checkHost } from "./check.ts";
import { liveArgs, requestOf } from "./read.ts";
import type { HostArgs } from "./schema.ts";
import { scrub } from "./secrets.ts";

const paths = {
  maps: ["files", "sysctls", "addresses", "marks", "accepts", "units", "secrets"],
  ignored: ["connection", "incomplete"],
};

const propsOf = (args: HostArgs): Props => args as unknown as Props;
const argsOf = (props: Props): HostArgs => props as unknown as HostArgs;

export function hostResource(connect: Connect, limits: Limits): Resource {
  /** Names the host in every error, and takes secrets out of it. */
  async function named<T>(name: string, args: HostArgs, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const text = scrub(error instanceof Error ? error.message : String(error), args.secrets);
      if (error instanceof Unreachable) throw new Unreachable(`host ${name} is unreachable: ${text}`);
      throw new Error(`host ${name}: ${text}`);
    }
  }

  async function makeEqual(name: string, args: HostArgs, signal: AbortSignal): Promise<void> {
    await named(name, args, async () => {
      if (args.incomplete?.length)
        throw new Error(`left as it is, for its plan is not whole: ${args.incomplete.join("; ")}`);
      await apply(connect(args.connection), args, limits, signal);
    });
  }

  return {
    check: checkHost,
    diff: (live, wanted) => diffProps(live, wanted, paths),

    async create(name, props, signal) {
      const args = argsOf(props);
      try {
        await makeEqual(name, args, signal);
      } catch (error) {
        if (error instanceof Unreachable) throw error; // nothing was done, so there is nothing to remember
        throw new InitFailed({ id: name, props, inputs: props }, [(error as Error).message]);
      }
      return { id: name, props };
    },

    async read(id, props, signal) {
      const known = argsOf(props);
      const state = (args: HostArgs) => ({ id, props: propsOf(args), inputs: propsOf(args) });
      try {
        const host = connect(known.connection);
        const live = await named(id, known, () => inventory(host, requestOf(known), signal));
        return state(liveArgs(known, live));
      } catch (error) {
        if (signal.aborted) throw error;
        throw new InitFailed(state(known), [(error as Error).message]);
      }
    },

    async update(id, _olds, news, signal) {
      const args = argsOf(news);
      try {
        await makeEqual(id, args, signal);
      } catch (error) {
        if (error instanceof Unreachable) throw error;
        throw new InitFailed({ id, props: news, inputs: news }, [(error as Error).message]);
      }
      return news;
    },

    async delete(id, props, signal) {
      const args = argsOf(props);
      await named(id, args, () => remove(connect(args.connection), args, signal));
    },
  };
}
