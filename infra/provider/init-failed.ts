/** How a resource that exists, but is not as it should be, is told to the engine. */
import * as grpc from "@grpc/grpc-js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import rpc from "@pulumi/pulumi/proto/status_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import type { State } from "./rpc.ts";
import { toStruct } from "./wire.ts";

/**
 * The resource exists, but isn't (or could not be seen to be) as it should. The engine keeps the given state, shows the
 * reasons, goes on with other resources, and plans an update next time. A plain error would end the whole preview.
 */
export class InitFailed extends Error {
  readonly state: State;
  readonly reasons: string[];

  constructor(state: State, reasons: string[]) {
    super(reasons.join("; "));
    this.state = state;
    this.reasons = reasons;
  }
}

/** The gRPC status for whatever a method threw. */
export function toServiceError(error: unknown): Partial<grpc.StatusObject> {
  const details = error instanceof Error ? error.message : String(error);
  if (!(error instanceof InitFailed)) return { code: grpc.status.UNKNOWN, details };

  const failed = new pb.ErrorResourceInitFailed();
  failed.setId(error.state.id);
  failed.setProperties(toStruct(error.state.props));
  if (error.state.inputs) failed.setInputs(toStruct(error.state.inputs));
  failed.setReasonsList(error.reasons);
  const detail = new any.Any();
  detail.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new rpc.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(details);
  status.addDetails(detail);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details, metadata };
}
