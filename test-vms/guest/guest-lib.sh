# shellcheck shell=dash
# What the tasks that run in a test guest share. Lines on the console that are meant for the host begin with "@@ ":
#
#   @@ boot kernel=VERSION uptime=SECONDS   the guest is up (again)
#   @@ disk bytes=SIZE                      the Varve disk is there
#   @@ step NAME                            what begins now
#   @@ value KEY=VALUE                      a result
#   @@ fail MESSAGE                         what went wrong
#   @@ done STATUS                          the task's exit status; the guest powers off next

DISK=${DISK:-/dev/vda}
MOUNT=${MOUNT:-/mnt}

# The empty line keeps a half-written line of the kernel from hiding the marker.
say() { printf '\n@@ %s\n' "$*"; }
step() { say "step $*"; }
value() { say "value $*"; }

fail() {
  say "fail $*"
  exit 1
}

# run COMMAND...: runs it; when it fails, shows what it printed and ends the task.
run() {
  "$@" >/tmp/out 2>&1
  status=$?
  [ "$status" -ne 0 ] || return 0
  cat /tmp/out
  fail "$* (exit status $status)"
}

# await_disk DEVICE: up to ten seconds for the driver to find it.
await_disk() {
  local tries=0
  while [ ! -b "$1" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || return 1
    usleep 100000
  done
}

# drop_caches: what is read after this comes from the disk.
drop_caches() {
  sync
  echo 3 >/proc/sys/vm/drop_caches
}

# fio_verified FILE SIZE MODE [OPTION...]: writes a file with checksums in it and reads it back, or, with
# --verify_only, only reads back what an earlier run wrote.
fio_verified() {
  local file=$1 size=$2 mode=$3
  shift 3
  run fio --name=verify --filename="$file" --size="$size" --rw="$mode" --bs=4k --ioengine=libaio --direct=1 \
    --iodepth=32 --verify=crc32c --verify_fatal=1 --do_verify=1 --randrepeat=1 --fallocate=none "$@"
}

# fio_measured NAME FILE SIZE MODE SECONDS [DEPTH]: measures and reports NAME_iops, NAME_lat_us (mean) and NAME_p99_us.
# The file is laid out first, so that writes are not those of a file system that converts unwritten extents.
fio_measured() {
  local name=$1 file=$2 size=$3 mode=$4 seconds=$5 field
  run fio --name=measure --filename="$file" --size="$size" --rw="$mode" --bs=4k --ioengine=libaio --direct=1 \
    --iodepth="${6:-32}" --time_based --runtime="$seconds" --norandommap --randrepeat=0 --overwrite=1 --output-format=terse \
    --terse-version=3
  # Terse version 3: reads start at field 6, writes at field 47; IOPS is the 3rd of them, the mean total latency the
  # 35th, and the 99th percentile is the 22nd, as 99.000000%=N.
  case $mode in *write) field=47 ;; *) field=6 ;; esac
  awk -F';' -v name="$name" -v first="$field" '/^3;/ {
    split($(first + 21), percentile, "=")
    printf "\n@@ value %s_iops=%d\n\n@@ value %s_lat_us=%d\n\n@@ value %s_p99_us=%d\n",
      name, $(first + 2), name, $(first + 34), name, percentile[2]
  }' /tmp/out
}
