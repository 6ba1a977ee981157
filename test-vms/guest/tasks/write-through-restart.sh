# shellcheck shell=dash
# Writes the raw disk with checksums while the host kills the daemon and starts it again, then reads it all back.
#
# SIZE_MB  how much is written

step "write"
fio_verified "$DISK" "${SIZE_MB}M" randwrite --verify_backlog=4096 >/tmp/fio.log 2>&1 &
writer=$!

# The first blocks have reached the disk.
written() { awk '{ print $7 }' "/sys/block/${DISK#/dev/}/stat"; }
while [ "$(written)" -lt 8192 ]; do usleep 20000; done
value "writing=$(written)"

if ! wait "$writer"; then
  cat /tmp/fio.log
  fail "the writer met an error"
fi
step "verify"
drop_caches
fio_verified "$DISK" "${SIZE_MB}M" randwrite --verify_only
