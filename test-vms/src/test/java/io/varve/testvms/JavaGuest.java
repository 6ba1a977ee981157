package io.varve.testvms;

import io.varve.testvms.powercut.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What guests need that run Java on Debian's cloud kernel: a disk with the runtime and a class path, and an initramfs with modules. */
final class JavaGuest {
    private final Path directory;
    private final Emulator emulator;
    private final GuestKernel kernel;
    private final List<String> modules;

    /**
     * Prepares what all guests of it share.
     *
     * @param directory for its files; exists.
     * @param classPath for the guest.
     * @param modules   of the kernel, on top of those of every guest.
     * @param programs  of this machine, on top of env.
     */
    JavaGuest(
            final Path directory,
            final Emulator emulator,
            final GuestKernel kernel,
            final String classPath,
            final List<String> modules,
            final List<String> programs)
            throws IOException, InterruptedException {
        this.directory = directory;
        this.emulator = emulator;
        this.kernel = kernel;
        this.modules = modules;
        final List<String> command = new ArrayList<>(List.of(
                Checkout.file("test-vms/guest/make-java-root").toString(),
                "--java-home",
                System.getProperty("java.home"),
                "--class-path",
                classPath,
                "--output",
                javaRoot().toString()));
        programs.forEach(program -> command.addAll(List.of("--program", program)));
        Commands.run(command);
    }

    private Path javaRoot() {
        return directory.resolve("java.img");
    }

    /**
     * An initramfs with a task.
     *
     * @param name      of its file.
     * @param task      name of a script in {@code test-vms/guest/tasks}, without its ending.
     * @param variables {@code NAME=VALUE} for the task.
     */
    Path initrd(final String name, final String task, final String... variables)
            throws IOException, InterruptedException {
        final Path base = directory.resolve("initramfs.cpio");
        if (!Files.exists(base)) {
            final List<String> build = new ArrayList<>(List.of(
                    Checkout.file("test-vms/guest/build-initramfs").toString(),
                    "--small",
                    "--kernel-tree",
                    kernel.tree().toString(),
                    "--busybox",
                    Checkout.cached("guest/busybox").toString(),
                    "--output",
                    base.toString()));
            modules.forEach(module -> build.addAll(List.of("--module", module)));
            Commands.run(build);
        }
        final Path initrd = directory.resolve(name);
        final List<String> make = new ArrayList<>(List.of(
                Checkout.file("test-vms/guest/make-initrd").toString(),
                "--base",
                base.toString(),
                "--task",
                Checkout.file("test-vms/guest/tasks/" + task + ".sh").toString(),
                "--output",
                initrd.toString()));
        make.addAll(List.of(variables));
        Commands.run(make);
        return initrd;
    }

    /**
     * The command that starts it: with the runtime as {@code /dev/vda}, which {@code more} is to have follow.
     *
     * @param memoryMiB of the guest.
     * @param more      arguments for QEMU.
     */
    List<String> command(final Path initrd, final int memoryMiB, final String... more) {
        final List<String> command = new ArrayList<>(List.of(
                emulator.command(),
                "-accel",
                "tcg,thread=multi",
                "-cpu",
                "max",
                "-smp",
                "2",
                "-m",
                Integer.toString(memoryMiB),
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
                "-serial",
                "stdio",
                "-no-reboot",
                "-kernel",
                kernel.image().toString(),
                "-initrd",
                initrd.toString(),
                "-append",
                "console=ttyS0 quiet panic=-1",
                "-blockdev",
                "driver=file,node-name=java,read-only=on,filename=" + javaRoot(),
                "-device",
                "virtio-blk-pci,drive=java"));
        command.addAll(List.of(more));
        return command;
    }
}
