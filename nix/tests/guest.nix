# What test guests boot: the kernel of NixOS, and an initramfs of test-vms/guest with busybox and the task "stamp", which writes
# numbered chunks, syncs them, and reads them back. `scripts` is the part of the checkout that starts and moves guests.
{ pkgs, lib }:
rec {
  scripts = lib.fileset.toSource {
    root = ../..;
    fileset = lib.fileset.unions [
      ../../dev
      ../../qemu-scripts
      ../../test-vms/guest
    ];
  };

  # In the place of what dev/setup makes.
  cache =
    pkgs.runCommand "varve-test-guest"
      {
        nativeBuildInputs = [
          pkgs.bash
          pkgs.coreutils
          pkgs.findutils
        ];
      }
      ''
        mkdir -p $out/guest
        cp ${pkgs.pkgsStatic.busybox}/bin/busybox $out/guest/busybox
        cp ${pkgs.linux}/${pkgs.stdenv.hostPlatform.linux-kernel.target} $out/guest/vmlinuz
        export VARVE_DEV_CACHE=$out
        bash ${scripts}/test-vms/guest/build-initramfs --small --kernel-tree ${pkgs.linux.modules or pkgs.linux} \
          --busybox $out/guest/busybox --output $out/guest/initramfs-small.cpio
        bash ${scripts}/test-vms/guest/make-initrd --base $out/guest/initramfs-small.cpio \
          --task ${scripts}/test-vms/guest/tasks/stamp.sh --output $out/guest/stamp.cpio WRITERS=2
      '';

  # Everything on a host that guests are started on.
  packages = [
    pkgs.qemu
    pkgs.socat
    pkgs.util-linux
  ];

  # A shell command that runs one of qemu-scripts with the guest's kernel and initramfs.
  run =
    script: arguments:
    "VARVE_DEV_CACHE=${cache} ${scripts}/qemu-scripts/${script} ${arguments} --accel tcg --memory 128M --smp 1 "
    + "--kernel ${cache}/guest/vmlinuz --initrd ${cache}/guest/stamp.cpio";
}
