# shellcheck shell=dash
# Writes chunks that carry their numbers and a checksum, each with fsync, and reads earlier ones back, until the guest is
# killed. At its start it finds what an earlier boot has left: every chunk but, at most, one that was being written.
# Needs nothing but busybox.
#
#   @@ value found=WRITER NUMBER   the last chunk that was there at the start; 0 for none
#   @@ value wrote=WRITER NUMBER   a chunk that is written and synced
#   @@ value read=COUNT            chunks that were read back well, now and then
#
# WRITERS  how many write side by side
# LOADS    how many more write 4 KiB at a time, behind them, as fast as they can (0)

# A writer goes round in a place of its own.
SLOTS=32
CHUNK=65536
BLOCK=4096
LOAD_BLOCKS=2048

# make WRITER NUMBER FILE: a chunk's content, blocks with its name and one with the checksum of those.
make() {
  awk -v name="$1 $2" 'BEGIN { for (i = 0; i < 15; i++) printf "%-4095s\n", "varve " name " " i }' >"$3"
  printf '%-4095s\n' "end $1 $2 $(md5sum <"$3")" >>"$3"
}

place() { echo $((($1 - 1) * SLOTS + $2 % SLOTS)); }

# load WRITER SLOT FILE: reads a chunk; sets number to that in it, to 0 when nothing was written there, to -1 when it is torn.
load() {
  local end sum
  dd if="$DISK" of="$3" bs=$CHUNK skip="$(place "$1" "$2")" count=1 iflag=direct 2>/tmp/dd || fail "read: $(cat /tmp/dd)"
  # shellcheck disable=SC2046 # To be split.
  set -- "$1" "$3" $(tail -c $BLOCK "$3" | tr -d '\0')
  if [ "$#" -eq 2 ] && [ -z "$(head -c $BLOCK "$2" | tr -d '\0')" ]; then
    number=0
    return
  fi
  end="${3:-} ${4:-}"
  number=${5:--1}
  sum=$(head -c $((CHUNK - BLOCK)) "$2" | md5sum)
  if [ "$end" != "end $1" ] || [ "${6:-}" != "${sum%% *}" ]; then number=-1; fi
}

# find WRITER: sets last to the writer's last chunk.
find_last() {
  local slot torn='' found=''
  last=0
  for slot in $(seq 0 $((SLOTS - 1))); do
    load "$1" "$slot" /tmp/found
    if [ "$number" -lt 0 ]; then torn="$torn $slot"; else found="$found $slot:$number"; fi
    if [ "$number" -gt "$last" ]; then last=$number; fi
  done
  for slot in $torn; do
    [ "$slot" -eq $(((last + 1) % SLOTS)) ] || fail "writer $1: slot $slot is damaged, and the last chunk is $last"
  done
  for slot in $found; do
    number=${slot#*:} slot=${slot%%:*}
    if [ "$last" -ge "$SLOTS" ] || [ "$number" -gt 0 ]; then
      [ $((last - number)) -lt "$SLOTS" ] || fail "writer $1: chunk $number in slot $slot is older than it may be, at $last"
      [ $((number % SLOTS)) -eq "$slot" ] || fail "writer $1: chunk $number is in slot $slot"
    elif [ "$slot" -gt 0 ] && [ "$slot" -le "$last" ]; then
      fail "writer $1: nothing is in slot $slot, and the last chunk is $last"
    fi
  done
  value "found=$1 $last"
}

# write_on WRITER NUMBER: from this chunk on.
write_on() {
  local n=$2 first=$2 back count=0 file=/tmp/chunk$1
  while true; do
    make "$1" "$n" "$file"
    dd if="$file" of="$DISK" bs=$CHUNK seek="$(place "$1" "$n")" conv=notrunc,fsync oflag=direct 2>"$file.dd" ||
      fail "write: $(cat "$file.dd")"
    value "wrote=$1 $n"
    back=$((n - n * 7 % SLOTS))
    if [ "$back" -ge "$first" ]; then
      load "$1" "$back" "$file.read"
      [ "$number" -eq "$back" ] || fail "writer $1: $number was read for chunk $back, after $n"
      count=$((count + 1))
      if [ $((count % 16)) -eq 0 ]; then value "read=$count"; fi
    fi
    n=$((n + 1))
  done
}

# load_on NUMBER: keeps the disk busy in a place that nobody reads.
load_on() {
  while true; do
    dd if=/dev/zero of="$DISK" bs=$BLOCK seek=$((($1 + 1) * LOAD_BLOCKS)) count=$LOAD_BLOCKS conv=notrunc oflag=direct \
      2>"/tmp/load$1" || fail "write: $(cat "/tmp/load$1")"
  done
}

pids=
for writer in $(seq "$WRITERS"); do
  find_last "$writer"
  (write_on "$writer" $((last + 1))) &
  pids="$pids $!"
done
for number in $(seq "${LOADS:-0}"); do
  load_on "$number" &
done
step "writing"
# A writer ends only by a failure, which it has told.
for pid in $pids; do
  wait "$pid" || exit 1
done
exit 1
