/**
 * Stand-in for `pulumi-language-nodejs`, which is in no Go module: the part of `pulumirpc.LanguageRuntime` that
 * up, preview, refresh and destroy need. The official CLI brings its own; this one serves the CLI built here.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import * as grpc from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/language_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { resourcePackages } from "./resource-packages.ts";

type Run = InstanceType<typeof pb.RunRequest>;
type Required = InstanceType<typeof pb.GetRequiredPackagesRequest>;

/** What the SDK's runner exits with when it has already reported the program's error. */
const alreadyReported = 32;

const require = createRequire(import.meta.url);
const runner = require.resolve("@pulumi/pulumi/cmd/run");
const programs = new Set<ChildProcess>();

/** The engine's address: the last argument; before it come options such as `-tracing`. */
const engine = process.argv.slice(2).findLast((argument) => !argument.startsWith("-")) ?? "";

/** The command line that runs the user's program. */
function runnerArguments(request: Run): string[] {
  const info = request.getInfo();
  const flags = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    "root-directory": info?.getRootDirectory(),
    pwd: request.getPwd(),
    parallel: String(request.getParallel()),
  };
  return [
    runner,
    ...Object.entries(flags).flatMap(([name, value]) => (value ? [`--${name}`, value] : [])),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    info?.getEntryPoint() || ".",
    ...request.getArgsList(),
  ];
}

function startProgram(request: Run): ChildProcess {
  const config = Object.fromEntries(request.getConfigMap().toObject(false));
  return spawn(process.execPath, runnerArguments(request), {
    cwd: request.getInfo()?.getProgramDirectory(),
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      PULUMI_NODEJS_TYPESCRIPT: "false", // Node.js runs TypeScript by itself
      PULUMI_CONFIG: JSON.stringify(config),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    },
  });
}

function run(call: { request: Run }, done: grpc.sendUnaryData<InstanceType<typeof pb.RunResponse>>): void {
  const program = startProgram(call.request);
  programs.add(program);
  program.on("error", (error) => done({ code: grpc.status.UNKNOWN, details: error.message }));
  program.on("close", (code, signal) => {
    programs.delete(program);
    const response = new pb.RunResponse();
    if (code === alreadyReported) response.setBail(true);
    else if (code !== 0) response.setError(`the program ended with ${signal ?? `exit code ${code}`}`);
    done(null, response);
  });
}

function requiredPackages(request: Required): InstanceType<typeof pb.GetRequiredPackagesResponse> {
  const response = new pb.GetRequiredPackagesResponse();
  const packages = resourcePackages(request.getInfo()?.getProgramDirectory() ?? ".");
  for (const { name, version } of packages) {
    const dependency = new plugin.PackageDependency();
    dependency.setName(name);
    dependency.setKind("resource");
    dependency.setVersion(`v${version}`);
    response.addPackages(dependency);
  }
  return response;
}

function pluginInfo(): InstanceType<typeof plugin.PluginInfo> {
  const response = new plugin.PluginInfo();
  response.setVersion(require("@pulumi/pulumi/package.json").version);
  return response;
}

function about(): InstanceType<typeof pb.AboutResponse> {
  const response = new pb.AboutResponse();
  response.setExecutable(process.execPath);
  response.setVersion(process.version);
  return response;
}

function stopPrograms(): void {
  for (const program of programs) program.kill();
}

/** A method that answers at once. */
function answer<Request, Response>(
  method: (request: Request) => Response,
): grpc.handleUnaryCall<Request, Response> {
  return (call, done) => done(null, method(call.request));
}

const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(service.LanguageRuntimeService, {
  handshake: answer(() => new pb.LanguageHandshakeResponse()),
  getPluginInfo: answer(pluginInfo),
  getRequiredPackages: answer(requiredPackages),
  run,
  getProgramDependencies: answer(() => new pb.GetProgramDependenciesResponse()),
  about: answer(about),
  installDependencies: (call: { end(): void }) => call.end(),
  cancel: answer(() => {
    stopPrograms();
    return new empty.Empty();
  }),
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});

// The engine holds our stdin open: its end means that the engine died without stopping us (SIGKILL, SIGPIPE).
process.stdin
  .on("end", () => {
    stopPrograms();
    process.exit(0);
  })
  .resume();
