package io.varve.testvms.qtest;

import java.io.IOException;

/** A device's configuration space on the first PCI bus, and the part of memory that it is given (PCI Local Bus 3.0, section 6). */
final class PciFunction {
    private static final int ADDRESS_PORT = 0xcf8;
    private static final int DATA_PORT = 0xcfc;
    private static final int COMMAND = 0x04;
    private static final int MEMORY_AND_BUS_MASTER = 0x06;
    private static final int FIRST_BAR = 0x10;
    private static final int CAPABILITIES = 0x34;
    private static final int MASK = 0xff;
    private static final long NO_DEVICE = 0xffff_ffffL;

    /** Where the tests put memory of devices, a slice for each slot. */
    private static final long MEMORY = 0xe000_0000L;

    private static final int SLICE_SHIFT = 20;

    private final Qtest qtest;
    private final int slot;

    PciFunction(final Qtest qtest, final int slot) {
        this.qtest = qtest;
        this.slot = slot;
    }

    /** Whether there is a device in the slot. */
    boolean isThere() throws IOException {
        return read(0, 4) != NO_DEVICE;
    }

    long read(final int offset, final int width) throws IOException {
        select(offset);
        return qtest.in(DATA_PORT + (offset & 3), width);
    }

    private void write(final int offset, final int width, final long value) throws IOException {
        select(offset);
        qtest.out(DATA_PORT + (offset & 3), width, value);
    }

    private void select(final int offset) throws IOException {
        qtest.out(ADDRESS_PORT, 4, 0x8000_0000L | (long) slot << 11 | offset & ~3);
    }

    /** Gives the device an address for a 64-bit BAR, and lets it work. */
    long enable(final int bar) throws IOException {
        final long address = MEMORY + ((long) slot << SLICE_SHIFT);
        write(FIRST_BAR + 4 * bar, 4, address);
        write(FIRST_BAR + 4 * bar + 4, 4, 0);
        write(COMMAND, 2, MEMORY_AND_BUS_MASTER);
        return address;
    }

    /** The first capability, or 0. */
    int firstCapability() throws IOException {
        return (int) read(CAPABILITIES, 1);
    }

    /** The capability behind another, or 0. */
    int nextCapability(final int capability) throws IOException {
        return (int) read(capability + 1, 1) & MASK;
    }
}
