/** A service as the engine's virtual servers on one of its directors, with the files that its check needs. */
import type { DraftServer, DraftService } from "./draft.ts";
import type { CheckBlock, ServerBlock, VirtualServerBlock } from "./engine-plan.ts";
import type { FilePlan, SecretUse } from "./host-plan.ts";
import { paths, scriptUser } from "./paths.ts";
import { executable, placeScript } from "./scripts.ts";

export interface Serving {
  blocks: VirtualServerBlock[];
  files: FilePlan[];
  secrets: Record<string, SecretUse>;
  needsMysqlClient: boolean;
}

export function virtualServersOf(service: DraftService): Serving {
  const { model, mark, pair } = service;
  const check = checkOf(service);
  const servers = service.servers
    .filter((server): server is DraftServer & { address: string } => server.address !== undefined)
    .map((server): ServerBlock => {
      const port = mark === undefined ? { port: server.port } : {};
      const { name, address, weight, keywords } = server;
      return { name, address, ...port, weight, check: check.blockFor(address, server.port), keywords };
    });
  const matches: VirtualServerBlock["match"][] =
    mark !== undefined
      ? [{ mark }]
      : pair.vips.map(({ address }) => ({
          address,
          port: model.port,
          protocol: model.protocol.toUpperCase(),
        }));
  const sorry = sorryOf(model.sorry);
  const blocks = matches.map((match) => ({
    name: service.name,
    match,
    scheduler: model.scheduler,
    forward: model.forward.toUpperCase(),
    everyMs: model.check.every,
    quorum: model.quorum,
    persistence: model.persistence ?? 0,
    ...(sorry === undefined ? {} : { sorry }),
    servers,
    keywords: model.keywords,
  }));
  return {
    blocks,
    files: check.files,
    secrets: check.secrets,
    needsMysqlClient: model.check.kind === "login",
  };
}

function sorryOf(text: string | undefined): VirtualServerBlock["sorry"] {
  const [address, port] = text?.split(":") ?? [];
  if (address === undefined) return undefined;
  return port === undefined ? { address } : { address, port: Number(port) };
}

interface PlannedCheck {
  blockFor(address: string, port: number): CheckBlock;
  files: FilePlan[];
  secrets: Record<string, SecretUse>;
}

function checkOf({ name, model }: DraftService): PlannedCheck {
  const { check } = model;
  const timing = { timeoutMs: check.timeout, retries: check.retries, pauseMs: check.pause };
  switch (check.kind) {
    case "connect":
      return { blockFor: (_, port) => ({ kind: "connect", port, ...timing }), files: [], secrets: {} };
    case "http": {
      const { path, host = "", status = 0, digest = "", tls } = check;
      const block = tls ? ("SSL_GET" as const) : ("HTTP_GET" as const);
      const page = { kind: "http" as const, block, path, host, status, digest };
      return { blockFor: (_, port) => ({ ...page, port, ...timing }), files: [], secrets: {} };
    }
    case "script": {
      const { path, file } = placeScript(check.script, `${name}-check`);
      const command = [path, ...check.args];
      return {
        blockFor: (address, port) => ({
          kind: "script",
          command: [...command, address, String(port)],
          ...timing,
        }),
        files: file === undefined ? [] : [file],
        secrets: {},
      };
    }
    case "login": {
      const secret = check.password ?? `${check.user}-password`;
      const settings = `${paths.secrets}/${name}.cnf`;
      const path = `${paths.scripts}/check-${name}.sh`;
      const timeout = Math.max(1, Math.ceil(check.timeout / 1000));
      return {
        blockFor: (address, port) => ({ kind: "script", command: [path, address, String(port)], ...timing }),
        files: [
          executable(path, {
            template: "scripts/check-mysql.sh",
            values: { service: name, settings, timeout },
          }),
          {
            path: settings,
            mode: "0600",
            owner: `${scriptUser}:${scriptUser}`,
            source: { template: "mysql-client.cnf", values: { service: name, user: check.user, secret } },
          },
        ],
        secrets: { [secret]: "mysql-password" },
      };
    }
  }
}
