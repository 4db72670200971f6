#!/bin/sh
# Runs once over the fresh tree of the disk ($1).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
install -m 755 "$here/lab-setup" usr/local/sbin/lab-setup
install -m 644 "$here/lab-setup.service" etc/systemd/system/lab-setup.service

# Nothing starts by itself but ssh: who uses the lab says what a host runs.
for unit in nginx haproxy mariadb keepalived ipvsadm nftables e2scrub_reap; do
  chroot . systemctl disable "$unit.service" >/dev/null 2>&1 || true
done
# Without udev no device unit ever appears, and nothing here needs to be kept up to date.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
  logrotate.timer man-db.timer systemd-udevd.service systemd-networkd.service systemd-resolved.service \
  systemd-timesyncd.service getty@.service serial-getty@.service console-getty.service getty-static.service \
  systemd-tpm2-setup.service systemd-journal-catalog-update.service ldconfig.service ssh.socket; do
  ln -sf /dev/null "etc/systemd/system/$unit"
done
chroot . systemctl enable lab-setup.service ssh.service >/dev/null 2>&1

mkdir -p usr/lib/modules lab
rm -f etc/ssh/ssh_host_* # each host gets its own from the lab
rm -rf var/cache/apt/* var/lib/apt/lists/*
: >etc/machine-id # filled in at the first boot
: >etc/fstab
cat >etc/ssh/sshd_config.d/lab.conf <<'CONF'
PermitRootLogin prohibit-password
PasswordAuthentication no
UseDNS no
UsePAM no
MaxStartups 100
CONF
mkdir -p etc/systemd/journald.conf.d etc/systemd/system.conf.d
printf '[Journal]\nStorage=persistent\nSystemMaxUse=32M\nForwardToConsole=no\n' >etc/systemd/journald.conf.d/lab.conf
printf '[Manager]\nDefaultTimeoutStopSec=10s\nDefaultDeviceTimeoutSec=5s\n' >etc/systemd/system.conf.d/lab.conf
touch etc/.updated var/.updated
