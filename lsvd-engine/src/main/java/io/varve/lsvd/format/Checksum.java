package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * CRC32C of private native memory. An instance keeps views of the segment that it was made for, so that a checksum
 * allocates nothing. Not thread-safe; never to be used on guest memory, which can vanish under it and end the process.
 */
public final class Checksum {
    private static final long PART = 1L << 30;

    private final CRC32C crc = new CRC32C();
    private final ByteBuffer view;

    /**
     * Makes an instance for one segment.
     *
     * @param segment of at most {@link Integer#MAX_VALUE} bytes.
     */
    public Checksum(final MemorySegment segment) {
        view = segment.asByteBuffer();
    }

    /** The CRC32C of a range of the segment. */
    public int of(final int offset, final int length) {
        crc.reset();
        view.limit(offset + length).position(offset);
        crc.update(view);
        return (int) crc.getValue();
    }

    /** The CRC32C of a range in which the four bytes at {@code hole} count as zeros: where the checksum itself is kept. */
    public int ofAllBut(final int offset, final int length, final int hole) {
        crc.reset();
        view.limit(hole).position(offset);
        crc.update(view);
        crc.update(0);
        crc.update(0);
        crc.update(0);
        crc.update(0);
        view.limit(offset + length).position(hole + Integer.BYTES);
        crc.update(view);
        return (int) crc.getValue();
    }

    /** The CRC32C of a whole segment of private memory, of any length. */
    public static int of(final MemorySegment segment) {
        final CRC32C crc = new CRC32C();
        for (long at = 0; at < segment.byteSize(); at += PART) {
            crc.update(
                    segment.asSlice(at, Math.min(PART, segment.byteSize() - at)).asByteBuffer());
        }
        return (int) crc.getValue();
    }
}
