/** The `host` resource of our provider, as the program sees it. */
import * as pulumi from "@pulumi/pulumi";
import { type HostArgs, hostType } from "../provider/host/schema.ts";

export type HostInputs = Omit<HostArgs, "secrets"> & { secrets: pulumi.Input<Record<string, string>> };

export class Host extends pulumi.CustomResource {
  declare readonly files: pulumi.Output<HostArgs["files"]>;
  declare readonly engine: pulumi.Output<HostArgs["engine"]>;

  constructor(name: string, args: HostInputs, options?: pulumi.CustomResourceOptions) {
    super(hostType, name, { ...args, secrets: pulumi.secret(args.secrets) }, options);
  }
}
