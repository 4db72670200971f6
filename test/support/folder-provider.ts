/** The provider's process with folders for hosts. */
import { serve } from "../../infra/provider/rpc.ts";
import { understudy } from "../../infra/provider/server.ts";
import { openFolder } from "./folder-host.ts";

serve(understudy(openFolder, { gateSeconds: 1, settleSeconds: 1 }));
