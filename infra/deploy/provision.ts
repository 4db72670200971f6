/**
 * What a host needs before its own resource can work: packages, the user that runs scripts, the engine's binary. By the
 * command plugin, over SSH. Every part looks first and is quick where there is nothing to do.
 */
import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Engine } from "../engine/binary.ts";
import { scriptUser } from "../plan/paths.ts";
import type { Connection } from "../provider/host/schema.ts";
import { commandConnection } from "./connection.ts";

export interface ProvisionArgs {
  connection: Connection;
  packages: string[];
  /** The host's installation: one that was installed anew is provisioned anew. */
  installation: string;
  /** Absent on a host that is only a real server. */
  engine: Engine | undefined;
}

const library = "/usr/local/lib/understudy";

export class Provision extends pulumi.ComponentResource {
  constructor(name: string, args: ProvisionArgs, options?: pulumi.ComponentResourceOptions) {
    super("understudy:deploy:Provision", name, {}, options);
    const { engine } = args;
    const connection = commandConnection(args.connection);
    const shell = shellOf(args.connection.user);
    const base = new remote.Command(
      `${name}-packages`,
      {
        connection,
        create: shell,
        stdin: packagesScript(args.packages),
        triggers: [...args.packages, args.installation],
      },
      { parent: this },
    );
    if (engine) this.#copyEngine(name, connection, shell, engine, args.installation, base);
    this.registerOutputs({});
  }

  /** To a folder of its own, named by its hash: an earlier one stays, so that a rollback finds it. */
  #copyEngine(
    name: string,
    connection: ReturnType<typeof commandConnection>,
    shell: string,
    engine: Engine,
    installation: string,
    base: remote.Command,
  ): void {
    const { sha256, path } = engine;
    const arriving = `/var/tmp/understudy-${sha256}`;
    const copy = new remote.CopyToRemote(
      `${name}-engine-copy`,
      {
        connection,
        source: new pulumi.asset.FileAsset(path),
        remotePath: arriving,
        triggers: [sha256, installation],
      },
      { parent: this, dependsOn: base },
    );
    new remote.Command(
      `${name}-engine`,
      { connection, create: shell, stdin: engineScript(sha256, arriving), triggers: [sha256, installation] },
      { parent: this, dependsOn: copy },
    );
  }
}

/** Scripts go in on stdin: nothing of them needs quoting, and other users get root's rights by sudo. */
const shellOf = (user: string): string => (user === "root" ? "sh -s" : "sudo -n sh -s");

const packageName = /^[a-z0-9][a-z0-9+._-]*$/i;

export function packagesScript(packages: readonly string[]): string {
  const wrong = packages.find((name) => !packageName.test(name));
  if (wrong !== undefined) throw new Error(`${JSON.stringify(wrong)} is no name of a package`);
  return `set -eu
missing=
for name in ${packages.join(" ")}; do
  if command -v dpkg-query >/dev/null 2>&1; then
    [ "$(dpkg-query -W -f='\${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing="$missing $name"
  else rpm -q "$name" >/dev/null 2>&1 || missing="$missing $name"; fi
done
if [ -n "$missing" ]; then
  if command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q </dev/null
    apt-get install -y -q --no-install-recommends $missing </dev/null
  else dnf install -y -q $missing </dev/null; fi
fi
id ${scriptUser} >/dev/null 2>&1 ||
  useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ${scriptUser}
`;
}

/**
 * Verified before it gets its name. The host's own resource switches to it, when it is that host's turn. The three newest
 * stay, and the one in use.
 */
export function engineScript(sha256: string, arriving: string): string {
  return `set -eu
folder=${library}/${sha256}
is_it() { printf '%s  %s\\n' ${sha256} "$1" | sha256sum -c --status 2>/dev/null; }
if ! is_it "$folder/understudy"; then
  is_it ${arriving} || { echo "the copy of the engine was damaged on its way" >&2; exit 1; }
  mkdir -p "$folder"
  cp ${arriving} "$folder/understudy.new"
  chmod 0755 "$folder/understudy.new"
  sync "$folder/understudy.new"
  mv -fT "$folder/understudy.new" "$folder/understudy"
  sync "$folder"
fi
"$folder/understudy" --version
rm -f ${arriving}
touch "$folder"
used=$(readlink -f /usr/local/sbin/understudy || :)
ls -dt ${library}/*/ | tail -n +4 | while read -r old; do
  [ "$used" = "\${old}understudy" ] || rm -rf "$old"
done
`;
}
