/** Two HAProxy behind one address. */
import { fileExists, haproxyAnswers, mails, runsScript, site } from "../model/index.ts";

export default site({
  name: "haproxy-pair",
  hosts: ["lb1", "lb2"],
  mail: { to: ["root@localhost"], from: "understudy@localhost", server: "127.0.0.1" },
  pairs: {
    edge: {
      members: ["lb1", "lb2"],
      vips: ["edge-vip"],
      ports: [80],
      vrid: 111,
      auth: "edge-vrrp", // pulumi config set --secret understudy:edge-vrrp ...
      track: {
        switch: fileExists("/etc/haproxy/down", { every: "2s", weight: -30 }), // touch it to move the VIP away
        haproxy: haproxyAnswers({ ports: [80], every: "2s", weight: 20 }),
      },
      notify: [mails(), runsScript("start-haproxy.sh", { user: "root", on: ["master"] })],
    },
  },
});
