/** The provider's process, started by the Pulumi engine. */
import { engineLog } from "./engine-log.ts";
import { openssh } from "./remote/ssh.ts";
import { serve } from "./rpc.ts";
import { understudy } from "./server.ts";

serve(understudy(openssh(), {}, engineLog(process.argv[2])));
