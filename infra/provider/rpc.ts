/**
 * The thin layer between Pulumi's provider protocol (`pulumirpc.ResourceProvider`, raw gRPC) and plain functions.
 *
 * It knows messages, not resources. A provider implements `Provider`; `serve` prints the port and answers until the
 * engine goes away. The provider proper and the toolchain's stand-in for the command plugin share it.
 */
import * as grpc from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { toServiceError } from "./init-failed.ts";
import { fromStruct, type Props, toStruct } from "./wire.ts";

export { InitFailed } from "./init-failed.ts";
export type { Json, Props } from "./wire.ts";

/** Kind of a change; the `-replace` forms make the engine replace the resource. */
export type Kind = "add" | "delete" | "update" | "add-replace" | "delete-replace" | "update-replace";

/** One difference between wanted and live, by property path, as `files["/etc/motd"].mode`. */
export interface Change {
  path: string;
  kind: Kind;
}

/** An input that the provider refuses. */
export interface Failure {
  property: string;
  reason: string;
}

/** A resource as the engine remembers it. */
export interface State {
  id: string;
  props: Props;
  inputs?: Props;
}

/** What a provider does; every method gets and returns plain JSON values. */
export interface Provider {
  version: string;
  schema: Record<string, unknown>;
  /** At a replacement delete first; the engine's default is to create first. */
  deleteBeforeReplace?: boolean;
  configure(settings: Props): void;
  check(type: string, olds: Props | undefined, news: Props): { inputs: Props; failures?: Failure[] };
  diff(type: string, olds: Props, oldInputs: Props, news: Props): Change[];
  create(type: string, name: string, inputs: Props, preview: boolean, signal: AbortSignal): Promise<State>;
  /** `undefined` says that the resource is gone. */
  read(
    type: string,
    id: string,
    inputs: Props | undefined,
    props: Props | undefined,
    signal: AbortSignal,
  ): Promise<State | undefined>;
  update(
    type: string,
    id: string,
    olds: Props,
    news: Props,
    preview: boolean,
    signal: AbortSignal,
  ): Promise<Props>;
  delete(type: string, id: string, props: Props, signal: AbortSignal): Promise<void>;
  invoke?(token: string, args: Props, signal: AbortSignal): Promise<{ result?: Props; failures?: Failure[] }>;
}

/** What stands for a value that is not known yet, in a preview. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const kinds = {
  add: pb.PropertyDiff.Kind.ADD,
  "add-replace": pb.PropertyDiff.Kind.ADD_REPLACE,
  delete: pb.PropertyDiff.Kind.DELETE,
  "delete-replace": pb.PropertyDiff.Kind.DELETE_REPLACE,
  update: pb.PropertyDiff.Kind.UPDATE,
  "update-replace": pb.PropertyDiff.Kind.UPDATE_REPLACE,
} as const;

/** Messages can hold the files of many hosts; gRPC's own limit is 4 MB. */
const messageLimit = 400 << 20;

const typeOf = (urn: string): string => urn.split("::")[2]?.split("$").pop() ?? "";
const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

/** Serves `provider` on a port of its own choosing, printed on stdout as the engine expects. */
export function serve(provider: Provider): void {
  const stop = new AbortController();
  const server = new grpc.Server({
    "grpc.max_receive_message_length": messageLimit,
    "grpc.max_send_message_length": messageLimit,
  });
  server.addService(service.ResourceProviderService, methods(provider, stop));
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
  // The engine holds our stdin open: its end means that the engine died without stopping us (SIGKILL, SIGPIPE).
  const gone = () => {
    stop.abort(new Error("stopped: the Pulumi engine is gone"));
    process.exit(0);
  };
  process.stdin.on("end", gone).on("error", gone).resume();
}

/** A unary method from a plain function; whatever it throws becomes the call's status. */
function unary<Request, Response>(
  answer: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, done) => {
    Promise.resolve()
      .then(() => answer(call.request))
      .then(
        (response) => done(null, response),
        (error: unknown) => done(toServiceError(error)),
      );
  };
}

function methods(provider: Provider, stop: AbortController): grpc.UntypedServiceImplementation {
  const nothing = () => new empty.Empty();
  return {
    handshake: unary(() => {
      const response = new pb.ProviderHandshakeResponse();
      response.setAcceptSecrets(false); // the engine unwraps secrets, and marks the same properties on the way out
      return response;
    }),
    attach: unary(nothing),
    getPluginInfo: unary(() => {
      const response = new plugin.PluginInfo();
      response.setVersion(provider.version);
      return response;
    }),
    getSchema: unary(() => {
      const response = new pb.GetSchemaResponse();
      response.setSchema(JSON.stringify(provider.schema));
      return response;
    }),
    checkConfig: unary((request: InstanceType<typeof pb.CheckRequest>) => {
      const response = new pb.CheckResponse();
      response.setInputs(request.getNews());
      return response;
    }),
    diffConfig: unary(() => new pb.DiffResponse()),
    configure: unary((request: InstanceType<typeof pb.ConfigureRequest>) => {
      provider.configure(fromStruct(request.getArgs()) ?? {});
      const response = new pb.ConfigureResponse();
      response.setAcceptsecrets(false);
      response.setSupportspreview(true);
      return response;
    }),
    check: unary((request: InstanceType<typeof pb.CheckRequest>) => {
      const checked = provider.check(
        typeOf(request.getUrn()),
        fromStruct(request.getOlds()),
        fromStruct(request.getNews()) ?? {},
      );
      const response = new pb.CheckResponse();
      response.setInputs(toStruct(checked.inputs));
      response.setFailuresList((checked.failures ?? []).map(toFailure));
      return response;
    }),
    diff: unary((request: InstanceType<typeof pb.DiffRequest>) =>
      toDiff(
        provider.diff(
          typeOf(request.getUrn()),
          fromStruct(request.getOlds()) ?? {},
          fromStruct(request.getOldInputs()) ?? {},
          fromStruct(request.getNews()) ?? {},
        ),
        provider.deleteBeforeReplace ?? false,
      ),
    ),
    create: unary(async (request: InstanceType<typeof pb.CreateRequest>) => {
      const state = await provider.create(
        typeOf(request.getUrn()),
        nameOf(request.getUrn()),
        fromStruct(request.getProperties()) ?? {},
        request.getPreview(),
        stop.signal,
      );
      const response = new pb.CreateResponse();
      response.setId(state.id);
      response.setProperties(toStruct(state.props));
      return response;
    }),
    read: unary(async (request: InstanceType<typeof pb.ReadRequest>) => {
      const state = await provider.read(
        typeOf(request.getUrn()),
        request.getId(),
        fromStruct(request.getInputs()),
        fromStruct(request.getProperties()),
        stop.signal,
      );
      const response = new pb.ReadResponse();
      if (!state) return response; // an empty id says: it is gone
      response.setId(state.id);
      response.setProperties(toStruct(state.props));
      if (state.inputs) response.setInputs(toStruct(state.inputs));
      return response;
    }),
    update: unary(async (request: InstanceType<typeof pb.UpdateRequest>) => {
      const props = await provider.update(
        typeOf(request.getUrn()),
        request.getId(),
        fromStruct(request.getOlds()) ?? {},
        fromStruct(request.getNews()) ?? {},
        request.getPreview(),
        stop.signal,
      );
      const response = new pb.UpdateResponse();
      response.setProperties(toStruct(props));
      return response;
    }),
    delete: unary(async (request: InstanceType<typeof pb.DeleteRequest>) => {
      await provider.delete(
        typeOf(request.getUrn()),
        request.getId(),
        fromStruct(request.getProperties()) ?? {},
        stop.signal,
      );
      return nothing();
    }),
    invoke: unary(async (request: InstanceType<typeof pb.InvokeRequest>) => {
      if (!provider.invoke) throw new Error(`no function ${request.getTok()}`);
      const answer = await provider.invoke(
        request.getTok(),
        fromStruct(request.getArgs()) ?? {},
        stop.signal,
      );
      const response = new pb.InvokeResponse();
      if (answer.result) response.setReturn(toStruct(answer.result));
      response.setFailuresList((answer.failures ?? []).map(toFailure));
      return response;
    }),
    cancel: unary(() => {
      stop.abort(new Error("stopped half-way by the operator; the next `up` goes on from here"));
      return nothing();
    }),
  };
}

function toFailure(failure: Failure): InstanceType<typeof pb.CheckFailure> {
  const message = new pb.CheckFailure();
  message.setProperty(failure.property);
  message.setReason(failure.reason);
  return message;
}

function toDiff(changes: Change[], deleteBeforeReplace: boolean): InstanceType<typeof pb.DiffResponse> {
  const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
  const response = new pb.DiffResponse();
  response.setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setHasdetaileddiff(true);
  for (const change of changes) {
    const detail = new pb.PropertyDiff();
    detail.setKind(kinds[change.kind]);
    detail.setInputdiff(true); // both sides are inputs: Read returns live values as inputs
    response.getDetaileddiffMap().set(change.path, detail);
  }
  response.setDiffsList([...new Set(changes.map((change) => change.path.split(/[.[]/)[0] ?? ""))]);
  response.setReplacesList(changes.filter((c) => c.kind.endsWith("-replace")).map((c) => c.path));
  response.setDeletebeforereplace(deleteBeforeReplace);
  return response;
}
