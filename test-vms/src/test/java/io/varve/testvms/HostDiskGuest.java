package io.varve.testvms;

import io.varve.testvms.powercut.Commands;
import io.varve.testvms.qtest.Qmp;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A guest that has volumes as its own disks, of a daemon in it or beside it. */
final class HostDiskGuest {
    private static final int MEMORY_MIB = 1280;
    private static final long DISK_SIZE = 2L << 30;
    private static final Duration START_LIMIT = Duration.ofMinutes(10);
    private static final Duration KILL_LIMIT = Duration.ofSeconds(90);
    private static final List<String> PROGRAMS = List.of(
            "mount", "umount", "setsid", "mkfs.ext4", "e2fsck", "resize2fs", "mkfs.xfs", "xfs_growfs", "xfs_repair");

    private final Path directory;
    private final JavaGuest guest;

    /**
     * Prepares it.
     *
     * @param directory where everything goes, and stays.
     */
    HostDiskGuest(final Path directory, final Emulator emulator, final GuestKernel kernel)
            throws IOException, InterruptedException {
        this.directory = Files.createDirectories(directory);
        guest = new JavaGuest(
                this.directory,
                emulator,
                kernel,
                System.getProperty("java.class.path"),
                List.of("nbd", "xfs", "virtio_net"),
                PROGRAMS);
    }

    /** What this machine lacks for it, if anything, in one line. */
    static Optional<String> lack(final GuestKernel kernel) {
        if (!kernel.isThere()) {
            return Optional.of(
                    "there is no " + kernel + " for guests here: run dev/setup, with --with-kernel-6.12 for that one");
        }
        return PROGRAMS.stream()
                .filter(program -> Stream.of("/usr/sbin", "/sbin", "/usr/bin", "/bin")
                        .noneMatch(bin -> Files.isExecutable(Path.of(bin, program))))
                .findFirst()
                .map(program -> "there is no " + program + " on this machine: run dev/setup --with-file-systems");
    }

    /**
     * Has it map, mount, write, grow and unmap a volume, with its own daemon killed meanwhile; fails when anything is not as it should be.
     *
     * @return what the guest has told of it.
     */
    String runWithDaemon(final String fileSystem, final int kills) throws IOException, InterruptedException {
        final Program qemu = start(fileSystem, "--kills " + kills);
        return await(qemu, kills, guest -> {});
    }

    /**
     * The same by a daemon outside, over TCP.
     *
     * @param host without volumes yet.
     * @param away how long the network is away before the volume grows.
     */
    String runBeside(final VarveHost host, final String fileSystem, final int kills, final Duration away)
            throws IOException, InterruptedException {
        final int port = Sockets.freePort();
        host.start();
        host.run("volume", "create", "data", "--size", "384M");
        host.run(
                "attach",
                "data",
                "--socket-path",
                directory.resolve("vhost.sock").toString(),
                "--nbd",
                "127.0.0.1:" + port);
        final Path monitor = directory.resolve("qmp");
        Files.deleteIfExists(monitor);
        try (Qmp qmp = new Qmp(monitor)) {
            final List<String> more = new ArrayList<>(qmp.arguments());
            more.addAll(List.of("-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="));
            final Program qemu =
                    start(fileSystem, "--kills " + kills + " --server 10.0.2.2:" + port, more.toArray(String[]::new));
            return await(qemu, kills, guest -> {
                qmp.accept();
                for (int kill = 0; kill < kills; kill++) {
                    guest.awaitValue("kill", START_LIMIT);
                    host.kill();
                    host.start();
                }
                guest.awaitValue("grow", START_LIMIT);
                if (!away.isZero()) {
                    qmp.execute("set_link", Map.of("name", "net", "up", false));
                    Thread.sleep(away);
                    qmp.execute("set_link", Map.of("name", "net", "up", true));
                }
                host.resize("data", "512M");
            });
        }
    }

    /** What is done outside while the guest is at it. */
    private interface Beside {
        void run(GuestVm guest) throws IOException, InterruptedException;
    }

    private Program start(final String fileSystem, final String arguments, final String... more)
            throws IOException, InterruptedException {
        final Path disk = directory.resolve("disk.img");
        Files.deleteIfExists(disk);
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(DISK_SIZE);
        }
        Commands.run("mkfs.ext4", "-q", "-F", disk.toString());
        final Path initrd =
                guest.initrd("initrd-" + fileSystem, "host-disks", "ARGUMENTS=--fs " + fileSystem + " " + arguments);
        final List<String> command = new ArrayList<>(guest.command(
                initrd,
                MEMORY_MIB,
                "-blockdev",
                "driver=file,node-name=disk,filename=" + disk,
                "-device",
                "virtio-blk-pci,drive=disk"));
        command.addAll(List.of(more));
        return Program.start("guest on " + fileSystem, directory, command);
    }

    private String await(final Program qemu, final int kills, final Beside beside)
            throws IOException, InterruptedException {
        try {
            final GuestVm guest = new GuestVm(qemu);
            beside.run(guest);
            guest.awaitSuccess(START_LIMIT.plus(KILL_LIMIT.multipliedBy(kills)));
        } catch (final AssertionError e) {
            throw new AssertionError(e.getMessage() + "\n" + qemu.output().tail(150), e);
        } finally {
            qemu.kill();
            Files.writeString(directory.resolve("console.txt"), qemu.output().text());
            Files.delete(directory.resolve("disk.img"));
        }
        return qemu.output().text();
    }
}
