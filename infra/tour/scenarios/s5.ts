/** S5, `mysql-read-vip`: three MariaDB behind one address for reading; two of the hosts balance it. */
import type { HostName } from "../../lab/address.ts";
import { database } from "../../lab/roles/database.ts";
import type { Scenario } from "./scenario.ts";

const servers: HostName[] = ["db1", "db2", "db3"];

export const s5: Scenario = {
  id: "s5",
  site: "mysql-read-vip",
  stack: "lab",
  hosts: [...servers, "client"],
  master: "db1",
  standby: "db2",
  instance: "read",
  client: "client",
  target: { host: "10.20.0.200", port: 3306, protocol: "mariadb" },
  login: "probe",
  servers,
  secrets: ["monitor-password", "probe-password"],
  async prepare(lab, secret, doing) {
    doing("MariaDB on db1, db2, db3");
    const role = database({
      monitorPassword: secret("monitor-password"),
      probePassword: secret("probe-password"),
    });
    await Promise.all(servers.map((host) => lab.prepare(host, role)));
  },
  drift: {
    host: "db2",
    story: "arp_ignore on db2 changed by hand",
    change: ["sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=0"],
    path: 'sysctls["net.ipv4.conf.all.arp_ignore"]',
    look: ["sysctl", "-n", "net.ipv4.conf.all.arp_ignore"],
    wanted: "1",
  },
};
