/** Tells the operator something beside the result of an operation: it stands among the messages of the update. */
import * as grpc from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/engine_pb.js";

export type Log = (text: string) => void;

/** Through the Pulumi engine at `address`, its only argument to a provider; a message that is lost is no failure. */
export function engineLog(address: string | undefined): Log {
  if (!address) return () => {};
  const engine = new service.EngineClient(address, grpc.credentials.createInsecure());
  return (text) => {
    const request = new pb.LogRequest();
    request.setSeverity(pb.LogSeverity.INFO);
    request.setMessage(text);
    engine.log(request, () => {});
  };
}
