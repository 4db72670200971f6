/** A real MariaDB, small. */
import type { Role } from "./role.ts";

/** Who may log in. */
export interface DatabaseAccounts {
  /** Of `monitor`, who checks that the database lets somebody in. */
  readonly monitorPassword: string;
  /** Of `probe`, who asks for the server's name. */
  readonly probePassword: string;
}

/** The role of a database server. */
export function database(accounts: DatabaseAccounts): Role {
  const user = (name: string, password: string) =>
    `create or replace user '${name}'@'%' identified by ${sqlText(password)};`;
  return {
    name: "database",
    unit: "mariadb",
    // skip_name_resolve: no look-ups, and no host blocked for connections that came and went.
    script: `cat >/etc/mysql/mariadb.conf.d/99-lab.cnf <<'CONF'
[mariadbd]
bind_address = 0.0.0.0
skip_name_resolve = 1
performance_schema = 0
innodb_buffer_pool_size = 8M
innodb_log_file_size = 8M
innodb_log_buffer_size = 2M
aria_pagecache_buffer_size = 1M
key_buffer_size = 1M
table_open_cache = 64
max_connections = 200
log_warnings = 1
CONF
systemctl restart mariadb
mariadb --batch <<'SQL'
${user("monitor", accounts.monitorPassword)}
${user("probe", accounts.probePassword)}
SQL`,
  };
}

/** A string for SQL. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
