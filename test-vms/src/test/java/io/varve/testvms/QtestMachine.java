package io.varve.testvms;

import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.GuestRam;
import io.varve.testvms.qtest.Qmp;
import io.varve.testvms.qtest.Qtest;
import io.varve.testvms.qtest.VirtioBlkPci;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assertions;

/** A PC in QEMU whose processor is the test. Its memory is the test's, too. */
final class QtestMachine implements AutoCloseable {
    /** Where the disk is that the machine starts with. */
    static final int SLOT = 4;

    private static final long RAM_BYTES = 256L << 20;
    private static final long MEMORY_OF_FIRST = 2L << 20;
    private static final long MEMORY_OF_SECOND = RAM_BYTES / 2;

    /** Where memory is put that comes later. */
    private static final long MORE_ADDRESS = 4L << 30;

    private static final long MORE_BYTES = 128L << 20;
    private static final Duration EXIT_LIMIT = Duration.ofSeconds(20);

    private final Emulator emulator;
    private final GuestRam ram = new GuestRam();
    private final Program qemu;
    private final Qtest qtest;
    private final Qmp qmp;

    /**
     * Starts a machine.
     *
     * @param arguments further ones for QEMU.
     */
    QtestMachine(final Lab lab, final Emulator emulator, final String... arguments) throws IOException {
        this(lab, emulator, true, arguments);
    }

    private QtestMachine(final Lab lab, final Emulator emulator, final boolean isShared, final String... arguments)
            throws IOException {
        this.emulator = emulator;
        ram.add(0, RAM_BYTES, 0);
        final Path directory = Files.createTempDirectory(lab.directory(), "qtest");
        qtest = new Qtest(directory);
        qmp = new Qmp(directory.resolve("qmp"));
        final List<String> command = new ArrayList<>(List.of(emulator.command()));
        command.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none"));
        command.addAll(List.of("-machine", "pc,memory-backend=mem", "-m", (RAM_BYTES >> 20) + "M,slots=2,maxmem=2G"));
        command.addAll(List.of(
                "-object",
                "memory-backend-file,id=mem,share=" + (isShared ? "on" : "off") + ",size=" + RAM_BYTES + ",mem-path="
                        + path(ram.regions().getFirst())));
        command.addAll(qtest.arguments());
        command.addAll(qmp.arguments());
        command.addAll(List.of(arguments));
        qemu = lab.run("QEMU without a guest, " + emulator.name(), command);
    }

    /** Where QEMU finds memory of this process. */
    private static String path(final GuestRam.Region region) {
        return "/proc/" + ProcessHandle.current().pid() + "/fd/" + region.file().fd();
    }

    /** Starts a machine with one disk, and waits for it. */
    static QtestMachine started(final Lab lab, final Emulator emulator, final Path socket, final String properties)
            throws IOException {
        return started(lab, emulator, socket, true, properties);
    }

    /** Starts a machine with one disk and memory that QEMU keeps for itself, and waits for it. */
    static QtestMachine startedWithoutSharing(final Lab lab, final Emulator emulator, final Path socket)
            throws IOException {
        return started(lab, emulator, socket, false, "");
    }

    private static QtestMachine started(
            final Lab lab, final Emulator emulator, final Path socket, final boolean isShared, final String properties)
            throws IOException {
        final QtestMachine machine = new QtestMachine(
                lab,
                emulator,
                isShared,
                "-chardev",
                emulator.chardev("disk", socket),
                "-device",
                "vhost-user-blk-pci,chardev=disk,id=disk,addr=" + SLOT + properties);
        machine.accept();
        return machine;
    }

    /** Waits until QEMU is there. */
    private void accept() throws IOException {
        qtest.accept();
        qmp.accept();
    }

    /** A driver of the disk in a slot. */
    VirtioBlkPci disk(final int slot, final FrontEndOptions options) throws IOException {
        return new VirtioBlkPci(qtest, ram, slot, slot == SLOT ? MEMORY_OF_FIRST : MEMORY_OF_SECOND, options);
    }

    /** Adds a disk, with a driver. */
    VirtioBlkPci plug(final int slot, final Path socket, final FrontEndOptions options) throws IOException {
        final String id = "plugged" + slot;
        qmp.addChardev(id, socket);
        qmp.execute(
                "device_add",
                Map.of("driver", "vhost-user-blk-pci", "id", id, "chardev", id, "addr", Integer.toString(slot)));
        return disk(slot, options);
    }

    /** Takes a disk away that was added, as a guest does that is asked to let go of it. */
    void unplug(final int slot) throws IOException {
        qmp.execute("device_del", Map.of("id", "plugged" + slot));
        qtest.eject(slot);
        qmp.awaitEvent("DEVICE_DELETED");
        removeChardev("plugged" + slot);
    }

    /** QEMU lets go of it some time after the device. */
    private void removeChardev(final String id) throws IOException {
        final long deadlineNs = System.nanoTime() + EXIT_LIMIT.toNanos();
        while (true) {
            try {
                qmp.execute("chardev-remove", Map.of("id", id));
                return;
            } catch (final Qmp.QmpException e) {
                if (System.nanoTime() - deadlineNs > 0) {
                    throw e;
                }
            }
        }
    }

    /** Adds memory; a driver of the first disk that uses it. */
    VirtioBlkPci plugMemory(final FrontEndOptions options) throws IOException {
        final GuestRam.Region region = ram.add(MORE_ADDRESS, MORE_BYTES, 0);
        qmp.execute(
                "object-add",
                Map.of(
                        "qom-type",
                        "memory-backend-file",
                        "id",
                        "more",
                        "size",
                        MORE_BYTES,
                        "share",
                        true,
                        "mem-path",
                        path(region)));
        qmp.execute("device_add", Map.of("driver", "pc-dimm", "id", "dimm", "memdev", "more", "addr", MORE_ADDRESS));
        return new VirtioBlkPci(qtest, ram, SLOT, MORE_ADDRESS, options);
    }

    /** Adds memory that QEMU does not share; its guest-physical address. */
    long plugPrivateMemory() throws IOException {
        qmp.execute("object-add", Map.of("qom-type", "memory-backend-ram", "id", "private", "size", MORE_BYTES));
        qmp.execute("device_add", Map.of("driver", "pc-dimm", "id", "dimm", "memdev", "private", "addr", MORE_ADDRESS));
        return MORE_ADDRESS;
    }

    /** The memory that the test shares with QEMU. */
    GuestRam ram() {
        return ram;
    }

    /** Takes away again the memory that was {@linkplain #plugMemory added}. */
    void unplugMemory() throws IOException {
        qmp.execute("device_del", Map.of("id", "dimm"));
        qtest.ejectMemory();
        qmp.awaitEvent("DEVICE_DELETED");
        qmp.execute("object-del", Map.of("id", "more"));
        ram.remove(ram.regions().getLast());
    }

    /** Begins to migrate the guest away, to nowhere. */
    void migrate() throws IOException {
        qmp.execute("migrate", Map.of("uri", "exec:cat >/dev/null"));
    }

    /** Whether the guest has been migrated away: it stands still here, then. */
    boolean isMigrated() {
        final Object status;
        try {
            status = ((Map<?, ?>) qmp.execute("query-migrate", Map.of())).get("status");
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        if ("failed".equals(status)) {
            throw new AssertionError("the migration failed");
        }
        return "completed".equals(status);
    }

    /** Lets the guest go on that stood still. */
    void goOn() throws IOException {
        qmp.execute("cont", Map.of());
    }

    /** Presses the reset button. */
    void reset() throws IOException {
        qmp.execute("system_reset", Map.of());
        qmp.awaitEvent("RESET");
    }

    /** Carries a command of the monitor out, which has to answer in time. */
    void expectInTime(final Duration limit, final String command) {
        Assertions.assertTimeoutPreemptively(limit, () -> qmp.execute(command, Map.of()), command);
    }

    /** Waits until QEMU has connected to the back-end of the first disk again: 7.2 ends when a driver starts the disk before that. */
    void awaitConnected() throws IOException {
        final long deadlineNs = System.nanoTime() + EXIT_LIMIT.toNanos();
        while (!isConnected()) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new AssertionError(emulator + " does not connect again");
            }
        }
    }

    private boolean isConnected() throws IOException {
        for (final Object each : (List<?>) qmp.execute("query-chardev", Map.of())) {
            final Map<?, ?> chardev = (Map<?, ?>) each;
            if ("disk".equals(chardev.get("label"))) {
                return !chardev.get("filename").toString().startsWith("disconnected");
            }
        }
        return false;
    }

    /** Has QEMU quit, which has to end in time. */
    void expectQuitInTime(final Duration limit) throws InterruptedException {
        expectInTime(limit, "quit");
        if (qemu.awaitExit(limit) != 0) {
            throw new AssertionError(
                    emulator + " ended with an error: " + qemu.output().tail(10));
        }
    }

    /** Kills QEMU. */
    void kill() throws InterruptedException {
        qemu.kill();
    }

    /** Waits for a line of QEMU's. */
    void awaitLine(final String pattern) throws InterruptedException {
        qemu.output().await(pattern, EXIT_LIMIT);
    }

    /** What QEMU says when it ends by itself, which it has to do with an error. */
    String awaitRefusal() throws InterruptedException {
        if (qemu.awaitExit(EXIT_LIMIT) == 0) {
            throw new AssertionError(emulator + " ended without an error");
        }
        return qemu.output().tail(10);
    }

    @Override
    public void close() throws IOException {
        qmp.close();
        qtest.close();
        try {
            qemu.kill();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        ram.close();
    }
}
