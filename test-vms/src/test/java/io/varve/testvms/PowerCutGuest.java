package io.varve.testvms;

import io.varve.testvms.powercut.Commands;
import io.varve.testvms.powercut.FileSystem;
import io.varve.testvms.powercut.PlantedBug;
import io.varve.testvms.powercut.Recording;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A guest that runs the daemon, and its client, on a disk that QEMU records. */
final class PowerCutGuest {
    private static final int MEMORY_MIB = 1024;
    private static final long HISTORY_SIZE = 64L << 20;
    private static final Duration START_LIMIT = Duration.ofMinutes(10);

    private final Path directory;
    private final JavaGuest guest;
    private final PlantedBug bug;

    /**
     * Prepares what all guests of it share.
     *
     * @param directory where everything goes, and stays.
     * @param bug       a mistake to be found, or null.
     */
    PowerCutGuest(final Path directory, final Emulator emulator, final PlantedBug bug)
            throws IOException, InterruptedException {
        this.directory = Files.createDirectories(directory);
        this.bug = bug;
        String classPath = System.getProperty("java.class.path");
        if (bug != null) {
            bug.writeTo(directory.resolve("bug"));
            classPath = directory.resolve("bug") + ":" + classPath;
        }
        guest = new JavaGuest(
                this.directory,
                emulator,
                GuestKernel.ofMachine(),
                classPath,
                Stream.of(FileSystem.values()).map(FileSystem::id).toList(),
                List.of());
    }

    /** What this machine lacks for it, if anything, in one line. */
    static Optional<String> lack(final Stream<FileSystem> fileSystems) throws IOException, InterruptedException {
        final List<FileSystem> all = fileSystems.toList();
        if (!GuestKernel.ofMachine().isThere()) {
            return Optional.of("there is no test guest: run dev/setup");
        }
        if (!"root".equals(System.getProperty("user.name")) || !Files.exists(Path.of("/dev/loop-control"))) {
            return Optional.of("images of disks can't be mounted here: that needs root, and loop devices");
        }
        for (final FileSystem each : all) {
            if (Stream.of("/usr/sbin", "/sbin", "/usr/bin")
                    .noneMatch(bin -> Files.isExecutable(Path.of(bin, each.maker())))) {
                return Optional.of(
                        "there is no " + each.maker() + " on this machine: run dev/setup --with-file-systems");
            }
            if (!each.isMountable()) {
                return Optional.of("this machine's kernel does not have " + each.id());
            }
        }
        return Optional.empty();
    }

    /**
     * Has a guest do its work, and gives the directory of the recording.
     *
     * @param seconds of load in each life of the daemon.
     * @param lives   of the daemon: killed after every odd one, ended well after every even one and the last.
     */
    Path record(final FileSystem fileSystem, final long seed, final int seconds, final int lives)
            throws IOException, InterruptedException {
        final Path recording = Files.createDirectories(directory.resolve(fileSystem.id()));
        Recording.begin(recording, fileSystem, seed);
        grow(Recording.base(recording), Recording.fileSystemSize());
        Commands.run(fileSystem.making(Recording.base(recording)));
        grow(Recording.base(recording), Recording.diskSize());
        grow(Recording.history(recording), HISTORY_SIZE);
        final Path disk = recording.resolve("disk.img");
        Commands.run("cp", "--sparse=always", Recording.base(recording).toString(), disk.toString());
        final Path initrd = initrd(fileSystem, seed, seconds, lives);
        final Program qemu = Program.start("guest on " + fileSystem.id(), recording, command(recording, disk, initrd));
        try {
            new GuestVm(qemu).awaitSuccess(START_LIMIT.plusSeconds((long) seconds * lives * 4));
        } catch (final AssertionError e) {
            throw new AssertionError(e.getMessage() + "\n" + qemu.output().tail(80), e);
        } finally {
            qemu.kill();
            Files.writeString(recording.resolve("console.txt"), qemu.output().text());
            Files.delete(disk);
        }
        return recording;
    }

    private Path initrd(final FileSystem fileSystem, final long seed, final int seconds, final int lives)
            throws IOException, InterruptedException {
        final String options = bug == null ? "" : " --threads yes";
        return guest.initrd(
                "initrd-" + fileSystem.id(),
                "power-cut",
                "FS=" + fileSystem.id(),
                "MARKS=" + Recording.marksAt(),
                "ARGUMENTS=--seed " + seed + " --seconds " + seconds + " --lives " + lives + options);
    }

    private List<String> command(final Path recording, final Path disk, final Path initrd) {
        return guest.command(
                initrd,
                MEMORY_MIB,
                "-blockdev",
                "driver=blklogwrites,node-name=recorded,file.driver=file,file.cache.no-flush=on,file.filename=" + disk
                        + ",log.driver=file,log.cache.no-flush=on,log.filename=" + Recording.log(recording),
                // Zeroes are written as they are: of those that are asked for, older versions record the place too
                // late.
                "-device",
                "virtio-blk-pci,drive=recorded,write-zeroes=off,discard=off",
                "-blockdev",
                "driver=file,node-name=history,filename=" + Recording.history(recording),
                "-device",
                "virtio-blk-pci,drive=history");
    }

    private static void grow(final Path file, final long size) throws IOException {
        try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
            opened.setLength(size);
        }
    }
}
