# shellcheck shell=dash
# Writes the raw disk with checksums, from every processor a part of its own, while the host kills the daemon and starts
# it again, then reads it all back.
# Tells the host now and then that it is in the middle of it; the rate is bounded, so that there is a middle.
#
# SIZE_MB  how much is written
# KILLS    how often the host is told

JOBS=$(nproc)
PART=$((SIZE_MB / JOBS))

write_or_verify() {
  fio_verified "$DISK" "${PART}M" randwrite --numjobs="$JOBS" --offset_increment="${PART}M" --group_reporting "$@"
}

step "write"
write_or_verify --rate_iops=$((1200 / JOBS)) >/tmp/fio.log 2>&1 &
writer=$!

# Sectors of 512 bytes that the disk has taken.
written() { awk '{ print $7 }' "/sys/block/${DISK#/dev/}/stat"; }

kill=1
while [ "$kill" -le "$KILLS" ]; do
  while [ "$(written)" -lt $((SIZE_MB * 2048 * kill / (KILLS + 1))) ]; do
    kill -0 "$writer" 2>/dev/null || break
    usleep 20000
  done
  value "writing=$(written)"
  kill=$((kill + 1))
done

if ! wait "$writer"; then
  cat /tmp/fio.log
  fail "the writer met an error"
fi
step "verify"
drop_caches
write_or_verify --verify_only
