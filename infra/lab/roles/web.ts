/** A real nginx that answers with its host's name; `/check.html` is the same on every host. */
import type { Role } from "./role.ts";

/** The role of a web server. */
export function web(port = 80): Role {
  return {
    name: "web",
    unit: "nginx",
    script: `cat >/etc/nginx/sites-enabled/default <<'CONF'
server {
  listen ${port} default_server;
  root /var/www/html;
}
CONF
rm -f /var/www/html/index.nginx-debian.html
hostname >/var/www/html/index.html
echo 'the same on every host' >/var/www/html/check.html
nginx -q -t
systemctl restart nginx`,
  };
}
