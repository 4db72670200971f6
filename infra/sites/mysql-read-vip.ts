/** Three databases behind one address for reading; two of them balance it, and serve as well. */
import { logsIn, runs, site, writesState } from "../model/index.ts";

export default site({
  name: "mysql-read-vip",
  hosts: ["db1", "db2", "db3"], // their addresses: Pulumi.<stack>.yaml
  pairs: {
    read: {
      members: ["db1", "db2"], // the first is preferred
      vips: ["read-vip"],
      track: { mha: runs("check_manager.sh", { every: "5s", fall: 3, weight: -40 }) },
      notify: writesState("/var/lib/mha/vip-state"),
    },
  },
  services: {
    mysql: {
      on: "read",
      port: 3306,
      forward: "dr",
      scheduler: "rr",
      servers: ["db1", "db2", "db3"], // two of them are the directors: handled
      weight: 3,
      check: logsIn({ user: "monitor", every: "10s", timeout: "10s", retries: 3 }),
    },
  },
});
