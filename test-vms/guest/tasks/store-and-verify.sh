# shellcheck shell=dash
# The life of a disk in two boots of the guest. The first boot makes a file system, writes files with checksums in
# them and reboots; the second one, told by the label on the disk, reads all of it back, trims, and reads it again.
#
# REBOOT   how the first boot ends: warm (the same QEMU boots again) or off (the host starts another QEMU)
# SIZE_MB  how much each of the two files holds
# MEASURE  seconds of each measurement, or 0 for none

first_boot() {
  step "mkfs"
  run mkfs.ext4 -q -L varve "$DISK"
  run mount "$DISK" "$MOUNT"
  step "write"
  fio_verified "$MOUNT/random" "${SIZE_MB}M" randwrite
  fio_verified "$MOUNT/sequential" "${SIZE_MB}M" write --bs=128k
  dd if=/dev/urandom of="$MOUNT/bytes" bs=64k count=64 2>/dev/null
  (cd "$MOUNT" && sha256sum bytes random sequential) >"$MOUNT/sums"
  value "sums=$(sha256sum <"$MOUNT/sums" | cut -c1-64)"
  if [ "$MEASURE" -gt 0 ]; then measure; fi
  sync
  step "reboot"
  run umount "$MOUNT"
  if [ "$REBOOT" = warm ]; then reboot -f; fi
}

measure() {
  step "measure"
  fio_measured write "$MOUNT/measured" 128M randwrite "$MEASURE"
  fio_measured read "$MOUNT/measured" 128M randread "$MEASURE"
  rm "$MOUNT/measured"
}

read_back() {
  drop_caches
  value "sums=$(sha256sum <"$MOUNT/sums" | cut -c1-64)"
  (cd "$MOUNT" && run sha256sum -c sums) || exit 1
  fio_verified "$MOUNT/random" "${SIZE_MB}M" randwrite --verify_only
  fio_verified "$MOUNT/sequential" "${SIZE_MB}M" write --bs=128k --verify_only
}

second_boot() {
  run mount "$DISK" "$MOUNT"
  step "verify"
  read_back
  step "trim"
  dd if=/dev/zero of="$MOUNT/doomed" bs=1M count=8 conv=fsync 2>/dev/null
  rm "$MOUNT/doomed"
  sync
  run /bin/fstrim -v "$MOUNT"
  value "trimmed=$(sed -n 's/.*(\([0-9]*\) bytes).*/\1/p' /tmp/out)"
  step "verify after trim"
  read_back
  run umount "$MOUNT"
  value "verified=yes"
}

# The label of an ext4 file system is 16 bytes at 1024 + 120.
if [ "$(dd if="$DISK" bs=1 skip=1144 count=5 2>/dev/null)" = varve ]; then second_boot; else first_boot; fi
