/** Where Understudy's files lie on a host. */
export const paths = {
  binary: "/usr/local/sbin/understudy",
  config: "/etc/understudy/understudy.conf",
  scripts: "/etc/understudy/scripts",
  secrets: "/etc/understudy/secrets",
  rules: "/etc/understudy/rules.nft",
  openFirewall: "/etc/understudy/scripts/open-firewall.sh",
  sysctl: "/etc/sysctl.d/60-understudy.conf",
  unit: "/etc/systemd/system/understudy.service",
  networkUnit: "/etc/systemd/system/understudy-network.service",
} as const;

/** Runs the engine's scripts; a system user made when the host is provisioned. */
export const scriptUser = "understudy";
