#!/bin/busybox sh
# shellcheck shell=dash
# The first process of a guest that boots from its disk, a clone of a golden image (make-image). varve.name=NAME on the kernel's
# command line tells it who it is.
#
# The first boot finds the golden image and nothing else, leaves its own mark and data there, and waits to be reset. The
# second one finds what the first has left, and nothing of a sibling's.

/bin/busybox --install -s /bin
export PATH=/bin HOME=/

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mount -t tmpfs tmpfs /tmp
. /guest-lib.sh

end() {
  sync
  say "done $1"
  poweroff -f
}
# What fail ends is this process, which the kernel can't do without.
trap 'end $?' EXIT

name=$(sed -n 's/.*varve\.name=\([^ ]*\).*/\1/p' /proc/cmdline)

check_golden() {
  drop_caches
  (cd / && run sha256sum -c golden.sums) || exit 1
}

first_boot() {
  check_golden
  : >"/marks/$name"
  dd if=/dev/urandom of="/data-$name" bs=64k count=64 2>/dev/null
  # In the place of what all siblings have: part of it stays theirs.
  printf '%s' "$name" | dd of=/payload bs=64k seek=7 conv=notrunc 2>/dev/null
  (cd / && sha256sum bin/busybox guest-lib.sh payload "data-$name" >own.sums)
  sync
  step "marked"
  while true; do
    dd if=/dev/urandom of="/noise-$name" bs=64k count=16 conv=notrunc,fsync 2>/dev/null
    usleep 200000
  done
}

second_boot() {
  drop_caches
  (cd / && run sha256sum -c own.sums) || exit 1
  value "own=$(dd if=/payload bs=64k skip=7 count=1 2>/dev/null | head -c ${#name})"
}

say "boot kernel=$(uname -r) uptime=$(cut -d' ' -f1 /proc/uptime)"
value "marks=$(ls /marks | tr '\n' ' ')"
if [ -e /own.sums ]; then second_boot; else first_boot; fi
exit 0
