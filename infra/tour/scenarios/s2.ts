/** S2, `haproxy-pair`: two HAProxy behind one address. */
import type { HostName } from "../../lab/address.ts";
import { haproxy } from "../../lab/roles/haproxy.ts";
import type { Scenario } from "./scenario.ts";

const servers: HostName[] = ["lb1", "lb2"];

export const s2: Scenario = {
  id: "s2",
  site: "haproxy-pair",
  stack: "lab-haproxy",
  hosts: [...servers, "client"],
  master: "lb1",
  standby: "lb2",
  instance: "edge",
  client: "client",
  target: { host: "10.20.0.100", port: 80, protocol: "http" },
  servers: ["lb1"],
  secrets: ["edge-vrrp"],
  async prepare(lab, _secret, doing) {
    doing("HAProxy on lb1, lb2");
    await Promise.all(servers.map((host) => lab.prepare(host, haproxy())));
  },
  drift: {
    host: "lb2",
    story: "the engine's configuration on lb2 edited by hand",
    change: ["sed", "-i", "s/priority .*/priority 250/", "/etc/understudy/understudy.conf"],
    path: 'files["/etc/understudy/understudy.conf"].content',
    look: ["grep", "-c", "priority 250", "/etc/understudy/understudy.conf"],
    wanted: "0",
  },
};
