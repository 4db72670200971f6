/** The `pair` resource of our provider, as the program sees it. */
import * as pulumi from "@pulumi/pulumi";
import { type PairArgs, pairType } from "../provider/pair/schema.ts";

export class Pair extends pulumi.CustomResource {
  declare readonly holder: pulumi.Output<string>;
  declare readonly ready: pulumi.Output<string[]>;

  constructor(name: string, args: PairArgs, options?: pulumi.CustomResourceOptions) {
    super(pairType, name, { ...args, secrets: pulumi.secret(args.secrets) }, options);
  }
}
