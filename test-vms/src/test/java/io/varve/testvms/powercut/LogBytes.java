package io.varve.testvms.powercut;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A log of writes, made as Documentation/admin-guide/device-mapper/log-writes.rst has it. */
final class LogBytes {
    static final int SECTOR = 512;
    static final int FLUSH = 1;
    static final int DURABLE = 2;
    static final int DISCARD = 4;

    private final ByteBuffer bytes =
            ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN).position(SECTOR);
    private int count;

    /** An operation without data. */
    LogBytes entry(final long sector, final long sectors, final long flags) {
        final int at = bytes.position();
        bytes.putLong(sector).putLong(sectors).putLong(flags).putLong(0).position(at + SECTOR);
        count++;
        return this;
    }

    LogBytes flush() {
        return entry(0, 0, FLUSH);
    }

    /** A write of one value. */
    LogBytes write(final long sector, final int sectors, final int value, final long flags) {
        final byte[] data = new byte[sectors * SECTOR];
        Arrays.fill(data, (byte) value);
        entry(sector, sectors, flags);
        bytes.put(data);
        return this;
    }

    LogBytes mark(final CutMark mark) {
        final ByteBuffer data = ByteBuffer.allocate(CutMark.SIZE);
        mark.encode(data);
        entry(Recording.marksAt() / SECTOR, CutMark.SIZE / SECTOR, 0);
        bytes.put(data);
        return this;
    }

    /** Writes the log, with so many bytes left out at the end. */
    Path writeTo(final Path file, final int cut) throws IOException {
        bytes.putLong(0, 0x6a73_6677_7368_72L).putLong(8, 1).putLong(16, count).putInt(24, SECTOR);
        return Files.write(file, Arrays.copyOf(bytes.array(), bytes.position() - cut));
    }
}
