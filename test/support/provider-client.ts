/** Starts a provider as the Pulumi engine does, and speaks to it over real gRPC. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import rpc from "@pulumi/pulumi/proto/status_pb.js";
import { fromStruct, type Props, toStruct } from "../../infra/provider/wire.ts";

type Client = InstanceType<typeof service.ResourceProviderClient>;

/** What a call failed with; `initFailed` when the resource exists all the same. */
export class CallFailed extends Error {
  readonly initFailed: { id: string; inputs: Props; reasons: string[] } | undefined;

  constructor(error: grpc.ServiceError) {
    super(error.details);
    const [bytes] = error.metadata.get("grpc-status-details-bin");
    const detail = bytes ? rpc.Status.deserializeBinary(bytes as Buffer).getDetailsList()[0] : undefined;
    const failed = detail?.unpack(pb.ErrorResourceInitFailed.deserializeBinary, detail.getTypeName());
    this.initFailed = failed
      ? {
          id: failed.getId(),
          inputs: fromStruct(failed.getInputs()) ?? {},
          reasons: failed.getReasonsList(),
        }
      : undefined;
  }
}

export class ProviderClient {
  readonly process: ChildProcess;
  readonly client: Client;

  private constructor(process: ChildProcess, client: Client) {
    this.process = process;
    this.client = client;
  }

  static async start(file: string): Promise<ProviderClient> {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const child = spawn(process.execPath, [path], { stdio: ["pipe", "pipe", "inherit"] });
    const port = await new Promise<string>((resolve) =>
      child.stdout.once("data", (data) => resolve(String(data).trim())),
    );
    const address = `127.0.0.1:${port}`;
    return new ProviderClient(
      child,
      new service.ResourceProviderClient(address, grpc.credentials.createInsecure()),
    );
  }

  /** Closes stdin, as an engine that dies does; resolves when the provider has gone. */
  stop(): Promise<void> {
    this.client.close();
    return new Promise((resolve) => {
      this.process.once("exit", () => resolve());
      this.process.stdin?.end();
    });
  }

  async check(type: string, news: Props) {
    const request = new pb.CheckRequest();
    request.setUrn(urn(type));
    request.setNews(toStruct(news));
    const response = await call((done: Done<InstanceType<typeof pb.CheckResponse>>) =>
      this.client.check(request, done),
    );
    const failures = response.getFailuresList().map((f) => f.toObject());
    return { inputs: fromStruct(response.getInputs()) ?? {}, failures };
  }

  async diff(type: string, live: Props, news: Props): Promise<string[]> {
    const request = new pb.DiffRequest();
    request.setUrn(urn(type));
    request.setOlds(toStruct(live));
    request.setOldInputs(toStruct(live));
    request.setNews(toStruct(news));
    const response = await call((done: Done<InstanceType<typeof pb.DiffResponse>>) =>
      this.client.diff(request, done),
    );
    return response
      .getDetaileddiffMap()
      .getEntryList()
      .map(([path]) => path);
  }

  async create(type: string, inputs: Props, preview = false) {
    const request = new pb.CreateRequest();
    request.setUrn(urn(type));
    request.setProperties(toStruct(inputs));
    request.setPreview(preview);
    const response = await call((done: Done<InstanceType<typeof pb.CreateResponse>>) =>
      this.client.create(request, done),
    );
    return { id: response.getId(), props: fromStruct(response.getProperties()) ?? {} };
  }

  async read(type: string, inputs: Props) {
    const request = new pb.ReadRequest();
    request.setUrn(urn(type));
    request.setId("db1");
    request.setInputs(toStruct(inputs));
    request.setProperties(toStruct(inputs));
    const response = await call((done: Done<InstanceType<typeof pb.ReadResponse>>) =>
      this.client.read(request, done),
    );
    return { id: response.getId(), inputs: fromStruct(response.getInputs()) ?? {} };
  }

  async update(type: string, olds: Props, news: Props, preview = false): Promise<Props> {
    const request = new pb.UpdateRequest();
    request.setUrn(urn(type));
    request.setId("db1");
    request.setOlds(toStruct(olds));
    request.setNews(toStruct(news));
    request.setPreview(preview);
    const response = await call((done: Done<InstanceType<typeof pb.UpdateResponse>>) =>
      this.client.update(request, done),
    );
    return fromStruct(response.getProperties()) ?? {};
  }

  async invoke(token: string, args: Props): Promise<Props> {
    const request = new pb.InvokeRequest();
    request.setTok(token);
    request.setArgs(toStruct(args));
    const response = await call((done: Done<InstanceType<typeof pb.InvokeResponse>>) =>
      this.client.invoke(request, done),
    );
    return fromStruct(response.getReturn()) ?? {};
  }

  async cancel(): Promise<void> {
    const empty = (await import("google-protobuf/google/protobuf/empty_pb.js")).default;
    await call((done: Done<unknown>) => this.client.cancel(new empty.Empty(), done));
  }
}

type Done<Response> = (error: grpc.ServiceError | null, response: Response) => void;

function call<Response>(method: (done: Done<Response>) => unknown): Promise<Response> {
  return new Promise((resolve, reject) =>
    method((error, response) => (error ? reject(new CallFailed(error)) : resolve(response))),
  );
}

const urn = (type: string): string => `urn:pulumi:test::understudy::${type}::db1`;
