# shellcheck shell=dash
# Measures two disks in turns, by their devices: random reads and writes of 4 KiB, one and 32 at a time.
#
#   @@ value DISK_MODE_DEPTH_iops=N, …_lat_us=N, …_p99_us=N   what fio_measured tells, such as vda_randread_32_iops
#
# DISKS    their names, such as "vda vdb"
# SIZE_MB  how much of each is used; all of it is written before
# ROUNDS   how often each is measured
# MEASURE  seconds of a measurement

for disk in $DISKS; do
  step "filling $disk"
  await_disk "/dev/$disk" || fail "no disk /dev/$disk appeared"
  run dd if=/dev/zero of="/dev/$disk" bs=1M count="$SIZE_MB" oflag=direct
done
for mode in randread randwrite; do
  for depth in 1 32; do
    for round in $(seq "$ROUNDS"); do
      step "$mode, $depth at a time, round $round of $ROUNDS"
      for disk in $DISKS; do
        fio_measured "${disk}_${mode}_$depth" "/dev/$disk" "${SIZE_MB}M" "$mode" "$MEASURE" "$depth"
      done
    done
  done
done
