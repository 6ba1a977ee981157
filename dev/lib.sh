# shellcheck shell=bash
# What the scripts under dev/ share: where things are, how they speak, how a JDK 25 is found.
# Sourced, never run; the caller has set -euo pipefail.

# Exit statuses: 0 done, 1 something failed, 2 wrong use or something is missing that only the user can provide.

PROJECT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Everything that set-up downloads or builds. Ignored by git, safe to delete at any time.
CACHE_DIR=${VARVE_DEV_CACHE:-$PROJECT_ROOT/.cache}
GUEST_DIR=$CACHE_DIR/guest
TRIXIE_DIR=$CACHE_DIR/trixie
BACKPORTS_DIR=$CACHE_DIR/trixie-backports
NIX_DIR=$CACHE_DIR/nix
# shellcheck disable=SC2034 # Used by dev/setup.
KERNEL_612_DIR=$CACHE_DIR/kernel-6.12
# shellcheck disable=SC2034 # Used by the scripts that source this file.
{
  GUEST_KERNEL=$GUEST_DIR/vmlinuz
  GUEST_INITRAMFS=$GUEST_DIR/initramfs.cpio
  GUEST_SMALL_INITRAMFS=$GUEST_DIR/initramfs-small.cpio
  QEMU10=$TRIXIE_DIR/qemu-system
  QEMU11=$BACKPORTS_DIR/qemu-system
  LIBBLKIO=$TRIXIE_DIR/libblkio.so.1
  NIX_INSTANTIATE=$NIX_DIR/nix-instantiate
  NBD_SUITES_DIR=$CACHE_DIR/nbd-suites
}

# What dev/ceph-rgw runs, and Debian's packages of it.
# shellcheck disable=SC2034
{
  CEPH_PROGRAMS=(ceph ceph-mon ceph-osd monmaptool radosgw radosgw-admin curl openssl)
  CEPH_PACKAGES="ceph-mon ceph-osd radosgw curl openssl"
}

JDK_FEATURE_VERSION=25

SCRIPT_NAME=${0##*/}

say() { printf '%s: %s\n' "$SCRIPT_NAME" "$*"; }
warn() { printf '%s: %s\n' "$SCRIPT_NAME" "$*" >&2; }

# die STATUS MESSAGE...
die() {
  local status=$1
  shift
  warn "$@"
  exit "$status"
}

# Sets ARCH (as uname says), DEB_ARCH, QEMU_SYSTEM (the emulator's name) and QEMU_PACKAGE.
# shellcheck disable=SC2034
detect_architecture() {
  ARCH=$(uname -m)
  QEMU_SYSTEM=qemu-system-$ARCH
  case $ARCH in
    x86_64) DEB_ARCH=amd64 QEMU_PACKAGE=qemu-system-x86 ;;
    aarch64) DEB_ARCH=arm64 QEMU_PACKAGE=qemu-system-arm ;;
    *) die 2 "the machine is $ARCH; the scripts know x86_64 and aarch64" ;;
  esac
}

# os_release KEY: one value of /etc/os-release, empty when it is not there.
os_release() {
  [[ -r /etc/os-release ]] || return 0
  sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" /etc/os-release
}

# is_jdk DIRECTORY: true when it holds a JDK of the wanted feature version.
is_jdk() {
  [[ -x $1/bin/javac && -x $1/bin/java ]] || return 1
  if [[ -r $1/release ]]; then
    grep -q "^JAVA_VERSION=\"${JDK_FEATURE_VERSION}[\".]" "$1/release"
  else
    "$1/bin/javac" -version 2>&1 | grep -q "^javac $JDK_FEATURE_VERSION\b"
  fi
}

# find_jdk: prints the home of a JDK 25 out of JAVA_HOME, PATH and /usr/lib/jvm; false when there is none.
find_jdk() {
  local candidate on_path=
  if command -v javac >/dev/null; then
    on_path=$(readlink -f "$(command -v javac)")
    on_path=${on_path%/bin/javac}
  fi
  for candidate in "${JAVA_HOME:-}" "$on_path" /usr/lib/jvm/*; do
    if [[ -n $candidate ]] && is_jdk "$candidate"; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

# use_jdk: exports JAVA_HOME, or ends with one line that says what to get.
use_jdk() {
  JAVA_HOME=$(find_jdk) ||
    die 2 "no JDK $JDK_FEATURE_VERSION in JAVA_HOME, on PATH or under /usr/lib/jvm:" \
      "install one (Eclipse Temurin $JDK_FEATURE_VERSION, or any other) and set JAVA_HOME to it"
  # Maven's own libraries use what JDK 25 warns of.
  export JAVA_HOME MAVEN_OPTS="--sun-misc-unsafe-memory-access=allow ${MAVEN_OPTS:-}"
}

# qemu_version EMULATOR: prints MAJOR.MINOR; false when it can't be run.
qemu_version() {
  local text
  text=$("$1" --version 2>/dev/null) || return 1
  [[ $text =~ version\ ([0-9]+)\.([0-9]+) ]] || return 1
  printf '%s.%s\n' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
}

# help_from_header FILE: prints the comment below the first line of a script, which is its manual.
help_from_header() {
  awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$1"
}
