/** A real HAProxy that answers by itself, with its host's name. */
import type { Role } from "./role.ts";

/** The role of an HAProxy. `bind` is where it listens, as in its configuration; an address may be one it hasn't got. */
export function haproxy(bind = "*:80"): Role {
  return {
    name: "haproxy",
    unit: "haproxy",
    script: `cat >/etc/haproxy/haproxy.cfg <<CONF
global
  user haproxy
  group haproxy
  maxconn 500
  nbthread 1

defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s

frontend name
  bind ${bind}
  http-request return status 200 content-type text/plain string "$(hostname)\\n"
CONF
haproxy -q -c -f /etc/haproxy/haproxy.cfg
systemctl restart haproxy`,
  };
}
