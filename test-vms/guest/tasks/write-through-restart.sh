# shellcheck shell=dash
# Writes the raw disk with checksums while the host kills the daemon and starts it again, then reads it all back.
# Tells the host three times that it is in the middle of it; the rate is bounded, so that there is a middle.
#
# SIZE_MB  how much is written

step "write"
fio_verified "$DISK" "${SIZE_MB}M" randwrite --rate_iops=1200 >/tmp/fio.log 2>&1 &
writer=$!

# Sectors of 512 bytes that the disk has taken.
written() { awk '{ print $7 }' "/sys/block/${DISK#/dev/}/stat"; }

for eighths in 1 3 5; do
  while [ "$(written)" -lt $((SIZE_MB * 256 * eighths)) ]; do
    kill -0 "$writer" 2>/dev/null || break
    usleep 20000
  done
  value "writing=$(written)"
done

if ! wait "$writer"; then
  cat /tmp/fio.log
  fail "the writer met an error"
fi
step "verify"
drop_caches
fio_verified "$DISK" "${SIZE_MB}M" randwrite --verify_only
