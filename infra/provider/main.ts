/** The provider's process, started by the Pulumi engine. */
import { openssh } from "./remote/ssh.ts";
import { serve } from "./rpc.ts";
import { understudy } from "./server.ts";

serve(understudy(openssh()));
