/** What a resource of this provider can do; previews never get here, so every method may touch hosts. */
import type { Change, Failure, Props, State } from "./rpc.ts";

export interface Resource {
  check(news: Props): { inputs: Props; failures: Failure[] };
  /** Pure: the live values were read by a refresh before. */
  diff(live: Props, wanted: Props): Change[];
  create(name: string, inputs: Props, signal: AbortSignal): Promise<State>;
  /** Only looks. */
  read(id: string, known: Props, signal: AbortSignal): Promise<State>;
  update(id: string, olds: Props, news: Props, signal: AbortSignal): Promise<Props>;
  delete(id: string, props: Props, signal: AbortSignal): Promise<void>;
}
