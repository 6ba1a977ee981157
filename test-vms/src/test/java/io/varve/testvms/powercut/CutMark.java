package io.varve.testvms.powercut;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;

/**
 * What the client in the guest had been told when it wrote this, as a sector of the recorded disk. Its place among
 * the recorded writes is what counts: whatever stands there before it, the client had been told by then.
 *
 * @param number counts marks, from 0.
 * @param phase  how far the client has come.
 * @param time   by the clock of the history: all that completed before it has been flushed.
 */
record CutMark(long number, Phase phase, long time) {
    /** Bytes on the disk: enough to be written past the page cache whatever the disk's blocks. */
    static final int SIZE = 4096;

    private static final long MAGIC = 0x5641_5256_4543_5554L;
    private static final int CHECKSUM_AT = SIZE - Long.BYTES;

    /** What has been promised. */
    enum Phase {
        /** Nothing. */
        BEGUN,
        /** The volume has been created. */
        CREATED,
        /** Everything that was flushed is there, in the store or in the log. */
        FLUSHED,
        /** Everything that was flushed is in the store. */
        STORED
    }

    /** The mark that a disk without any has. */
    static final CutMark NONE = new CutMark(-1, Phase.BEGUN, 0);

    void encode(final ByteBuffer buffer) {
        final ByteBuffer to = buffer.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        to.putLong(0, MAGIC).putLong(8, number).putLong(16, phase.ordinal()).putLong(24, time);
        to.putLong(CHECKSUM_AT, checksum(to));
    }

    /**
     * Takes a mark from a recorded write.
     *
     * @throws IllegalArgumentException when it is none.
     */
    static CutMark decode(final ByteBuffer buffer) {
        final ByteBuffer from = buffer.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (from.limit() != SIZE || from.getLong(0) != MAGIC || from.getLong(CHECKSUM_AT) != checksum(from)) {
            throw new IllegalArgumentException("what was written where marks are is none");
        }
        return new CutMark(from.getLong(8), Phase.values()[(int) from.getLong(16)], from.getLong(24));
    }

    private static long checksum(final ByteBuffer buffer) {
        final CRC32 checksum = new CRC32();
        checksum.update(buffer.duplicate().position(0).limit(CHECKSUM_AT));
        return checksum.getValue();
    }
}
