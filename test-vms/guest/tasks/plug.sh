# shellcheck shell=dash
# What comes and goes while a guest is at work: memory, bytes of its disk, another disk. Then the guest reboots, and finds
# what it has written. If it is told to, it then writes more until QEMU is killed, and finds that, too. The phase is written at
# the disk's beginning.
#
# SIZE_MB  how much is written and verified, each time
# KILLED   whether QEMU is going to be killed: yes or no

LOAD_OFFSET=16M
KEPT_OFFSET=128M
LATE_OFFSET=192M

phase() { dd if="$DISK" bs=6 count=1 2>/dev/null; }
set_phase() { printf '%s' "$1" | dd of="$DISK" conv=notrunc,fsync 2>/dev/null; }

# Requests of 512 bytes to 4 MiB, then many small ones at once, again and again until told to end.
load() {
  while [ ! -e /tmp/enough ]; do
    fio_verified "$DISK" "${SIZE_MB}M" randwrite --offset="$LOAD_OFFSET" --bsrange=512-4M --iodepth=16
    fio_verified "$DISK" "${SIZE_MB}M" randwrite --offset="$LOAD_OFFSET" --bsrange=512-16k --iodepth=256
  done
}

# await SECONDS COMMAND...: until the command succeeds.
await() {
  local tries=$(($1 * 10))
  shift
  while ! "$@"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "waited in vain for: $*"
    usleep 100000
  done
}

is_offline() { grep -q offline /sys/devices/system/memory/memory*/state; }
is_larger() { [ "$(blockdev --getsize64 "$DISK")" -gt "$1" ]; }
is_gone() { [ ! -e "$1" ]; }

# Makes new memory one that programs get first, and says how many of its pages they have after some more load.
use_new_memory() {
  local block
  for block in /sys/devices/system/memory/memory*; do
    if grep -q offline "$block/state"; then echo online_movable >"$block/state"; fi
  done
  fio_verified "$DISK" "${SIZE_MB}M" randwrite --offset="$KEPT_OFFSET" --bs=1M --iodepth=32
  value "movable=$(awk '/^Node/ { movable = $4 == "Movable" } movable && $1 == "present" { print $2 }' /proc/zoneinfo)"
}

first_boot() {
  step "load"
  load >/tmp/load.log 2>&1 &
  loader=$!

  step "memory"
  await 60 is_offline
  use_new_memory

  size=$(blockdev --getsize64 "$DISK")
  step "grow"
  await 60 is_larger "$size"
  value "bytes=$(blockdev --getsize64 "$DISK")"
  fio_verified "$DISK" 8M write --offset="$size"

  step "plug"
  await 60 test -b /dev/vdb
  fio_verified /dev/vdb "${SIZE_MB}M" randwrite
  step "unplug"
  await 60 is_gone /dev/vdb

  touch /tmp/enough
  if ! wait "$loader"; then
    cat /tmp/load.log
    fail "the load met an error"
  fi
  fio_verified "$DISK" "${SIZE_MB}M" randwrite --offset="$KEPT_OFFSET"
  set_phase booted
  step "reboot"
  reboot -f
}

second_boot() {
  step "verify"
  fio_verified "$DISK" "${SIZE_MB}M" randwrite --offset="$KEPT_OFFSET" --verify_only
  value "verified=yes"
  [ "$KILLED" = yes ] || return 0
  set_phase killed
  step "keep writing"
  round=0
  while true; do
    dd if=/dev/zero of="$DISK" bs=64k count=128 seek=$((${LATE_OFFSET%M} * 16)) conv=notrunc,fsync 2>/dev/null
    round=$((round + 1))
    value "round=$round"
  done
}

third_boot() {
  step "verify again"
  fio_verified "$DISK" "${SIZE_MB}M" randwrite --offset="$KEPT_OFFSET" --verify_only
  value "verified=yes"
}

case $(phase) in
  booted) second_boot ;;
  killed) third_boot ;;
  *) first_boot ;;
esac
