# shellcheck shell=bash
# What start-sender-vm and start-receiver-vm share. Sourced, never run; dev/lib.sh is there.

readonly SCRIPTS=$PROJECT_ROOT/qemu-scripts

# check_address OPTION ADDRESS: HOST:PORT, or the path of a socket.
check_address() {
  [[ $2 =~ ^[A-Za-z0-9.-]+:[1-9][0-9]{0,4}$ || $2 == /* ]] ||
    die 2 "$1 $2: give HOST:PORT, or the path of a socket that begins with /"
  check_path "$1" "$2"
}

# check_path OPTION PATH: one that QEMU takes as it stands.
check_path() {
  [[ $2 != *[,\"\\]* ]] || die 2 "$1 $2: no commas, quotation marks and backslashes, please"
}

# migration_uri ADDRESS: in QEMU's words.
migration_uri() { if [[ $1 == /* ]]; then echo "unix:$1"; else echo "tcp:$1"; fi; }

# parse_movable NAME=DEFAULT... -- ARGUMENT...: takes --NAME VALUE out of the arguments into the variables; the others go to
# start_vm_arguments and, behind --, to qemu_arguments. Sets first_socket.
parse_movable() {
  local -A wanted=()
  while [[ $1 != -- ]]; do
    wanted[--$1]=$1
    shift
  done
  shift
  start_vm_arguments=() qemu_arguments=() first_socket=
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help)
        help_from_header "$0"
        exit 0
        ;;
      --)
        shift
        qemu_arguments=("$@")
        return
        ;;
    esac
    if [[ -n ${wanted[$1]:-} ]]; then
      [[ $# -gt 1 ]] || die 2 "$1 needs a value"
      printf -v "${wanted[$1]}" %s "$2"
      shift
    else
      if [[ $1 == --socket && -z $first_socket ]]; then first_socket=${2:-}; fi
      start_vm_arguments+=("$1")
    fi
    shift
  done
}

# start_movable ARGUMENT...: becomes start-vm with a monitor at the socket qmp, and more arguments for QEMU.
start_movable() {
  [[ -n $first_socket ]] || die 2 "--socket is needed: the socket of a running varve serve"
  qmp=${qmp:-$first_socket.qmp}
  check_path --qmp "$qmp"
  [[ -d $(dirname -- "$qmp") ]] || die 2 "--qmp $qmp: there is no such directory"
  exec "$SCRIPTS/start-vm" --tcg-thread single "${start_vm_arguments[@]}" -- -qmp "unix:$qmp,server=on,wait=off" "$@" "${qemu_arguments[@]}"
}
