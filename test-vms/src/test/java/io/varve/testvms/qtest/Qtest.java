package io.varve.testvms.qtest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * I/O ports and memory of a QEMU whose processor stands still. One thread.
 *
 * <p>Distributions leave {@code -accel qtest} out; so the processor is given a firmware that halts it.
 */
public final class Qtest implements AutoCloseable {
    private static final int FIRMWARE_BYTES = 64 << 10;
    private static final int RESET_VECTOR = FIRMWARE_BYTES - 16;

    /** cli; hlt; jmp to the hlt. */
    private static final byte[] HALT = {(byte) 0xfa, (byte) 0xf4, (byte) 0xeb, (byte) 0xfd};

    /** QEMU's docs/specs/acpi_mem_hotplug.rst. */
    private static final int MEMORY_HOTPLUG_PORT = 0xa00;

    /** QEMU's docs/specs/acpi_pci_hotplug.rst. */
    private static final int PCI_HOTPLUG_PORT = 0xae00;

    private final Path path;
    private final Path firmware;
    private final LineSocket socket;

    /**
     * Listens for a QEMU that is given {@link #arguments()}.
     *
     * @param directory for socket and firmware.
     */
    public Qtest(final Path directory) throws IOException {
        path = directory.resolve("qtest");
        firmware = directory.resolve("firmware");
        final byte[] code = new byte[FIRMWARE_BYTES];
        System.arraycopy(HALT, 0, code, RESET_VECTOR, HALT.length);
        Files.write(firmware, code);
        socket = new LineSocket(path);
    }

    /** What makes a QEMU connect, and its processor stand still. */
    public List<String> arguments() {
        return List.of(
                "-accel", "tcg", "-bios", firmware.toString(), "-qtest", "unix:" + path, "-qtest-log", "/dev/null");
    }

    /** Waits until QEMU has connected. */
    public void accept() throws IOException {
        socket.accept();
    }

    /** Reads from an I/O port: 1, 2 or 4 bytes. */
    long in(final int port, final int width) throws IOException {
        return Long.decode(call("in" + suffix(width) + " " + port));
    }

    /** Writes to an I/O port: 1, 2 or 4 bytes. */
    void out(final int port, final int width, final long value) throws IOException {
        call("out" + suffix(width) + " " + port + " " + value);
    }

    /** Reads from memory, be it a device's: 1, 2, 4 or 8 bytes. */
    long read(final long address, final int width) throws IOException {
        return Long.decode(call("read" + suffix(width) + " " + address));
    }

    /** Writes to memory, be it a device's: 1, 2, 4 or 8 bytes. */
    void write(final long address, final int width, final long value) throws IOException {
        call("write" + suffix(width) + " " + address + " " + value);
    }

    /** Has memory thrown out of the first slot, as a guest does by ACPI that was asked to let go of it (pc only). */
    public void ejectMemory() throws IOException {
        out(MEMORY_HOTPLUG_PORT, 4, 0);
        out(MEMORY_HOTPLUG_PORT + 0x14, 1, 1 << 3);
    }

    /** Has a PCI device thrown out of its slot on the first bus, as a guest does by ACPI that was asked to let go of it (pc only). */
    public void eject(final int slot) throws IOException {
        out(PCI_HOTPLUG_PORT + 8, 4, 1L << slot);
    }

    private static char suffix(final int width) {
        return switch (width) {
            case 1 -> 'b';
            case 2 -> 'w';
            case 4 -> 'l';
            default -> 'q';
        };
    }

    private String call(final String command) throws IOException {
        socket.send(command);
        final String answer = socket.receive();
        if (!answer.startsWith("OK")) {
            throw new IOException("QEMU answers to " + command + ": " + answer);
        }
        return answer.substring(2).strip();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
