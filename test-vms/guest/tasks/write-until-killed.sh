# shellcheck shell=dash
# The first boot writes and syncs files, then goes on writing until the host kills it. The second boot, told by the
# label on the disk, repairs the file system as a user would, and reads back what had been synced.
#
# SIZE_MB  how much the synced file holds

first_boot() {
  step "mkfs"
  run mkfs.ext4 -q -L varve "$DISK"
  run mount "$DISK" "$MOUNT"
  step "write"
  fio_verified "$MOUNT/random" "${SIZE_MB}M" randwrite
  (cd "$MOUNT" && sha256sum random) >"$MOUNT/sums"
  sync
  value "sums=$(sha256sum <"$MOUNT/sums" | cut -c1-64)"
  step "keep writing"
  round=0
  while true; do
    dd if=/dev/zero of="$MOUNT/overwritten" bs=64k count=128 conv=notrunc,fsync 2>/dev/null
    round=$((round + 1))
    value "round=$round"
  done
}

second_boot() {
  run mount "$DISK" "$MOUNT"
  step "verify"
  value "sums=$(sha256sum <"$MOUNT/sums" | cut -c1-64)"
  (cd "$MOUNT" && run sha256sum -c sums) || exit 1
  fio_verified "$MOUNT/random" "${SIZE_MB}M" randwrite --verify_only
  run umount "$MOUNT"
}

# The label of an ext4 file system is 16 bytes at 1024 + 120.
if [ "$(dd if="$DISK" bs=1 skip=1144 count=5 2>/dev/null)" = varve ]; then second_boot; else first_boot; fi
