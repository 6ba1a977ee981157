package io.varve.testvms;

import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.GuestRam;
import io.varve.testvms.qtest.Qmp;
import io.varve.testvms.qtest.Qtest;
import io.varve.testvms.qtest.VirtioBlkPci;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A PC in QEMU whose processor is the test. Its memory is the test's, too. */
final class QtestMachine implements AutoCloseable {
    /** Where the disk is that the machine starts with. */
    static final int SLOT = 4;

    private static final long RAM_BYTES = 512L << 20;
    private static final long MEMORY_OF_FIRST = 2L << 20;
    private static final long MEMORY_OF_SECOND = RAM_BYTES / 2;
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
        this.emulator = emulator;
        ram.add(0, RAM_BYTES, 0);
        final Path directory = Files.createTempDirectory(lab.directory(), "qtest");
        qtest = new Qtest(directory);
        qmp = new Qmp(directory.resolve("qmp"));
        final List<String> command = new ArrayList<>(List.of(emulator.command()));
        command.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none"));
        command.addAll(List.of("-machine", "pc,memory-backend=mem", "-m", (RAM_BYTES >> 20) + "M"));
        command.addAll(List.of(
                "-object",
                "memory-backend-file,id=mem,share=on,size=" + RAM_BYTES + ",mem-path=/proc/"
                        + ProcessHandle.current().pid() + "/fd/"
                        + ram.regions().getFirst().file().fd()));
        command.addAll(qtest.arguments());
        command.addAll(qmp.arguments());
        command.addAll(List.of(arguments));
        qemu = lab.run("QEMU without a guest, " + emulator.name(), command);
    }

    /** Starts a machine with one disk, and waits for it. */
    static QtestMachine started(final Lab lab, final Emulator emulator, final Path socket, final String properties)
            throws IOException {
        final QtestMachine machine = new QtestMachine(
                lab,
                emulator,
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

    /** Presses the reset button. */
    void reset() throws IOException {
        qmp.execute("system_reset", Map.of());
        qmp.awaitEvent("RESET");
    }

    /** Kills QEMU. */
    void kill() throws InterruptedException {
        qemu.kill();
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
