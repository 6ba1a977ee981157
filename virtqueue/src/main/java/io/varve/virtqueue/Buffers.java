package io.varve.virtqueue;

import io.varve.linux.IoVec;
import io.varve.linux.Memory;
import java.lang.foreign.MemorySegment;

/** Parts of scatter-gather lists. Offsets and lengths are in bytes and must lie within the list. */
final class Buffers {
    private Buffers() {}

    /** Appends a part of one list to another. */
    static void append(final IoVec source, final long offset, final long length, final IoVec target) {
        long skip = offset;
        long remaining = length;
        for (int i = 0; remaining > 0; i++) {
            final int available = source.length(i);
            if (skip >= available) {
                skip -= available;
            } else {
                final int piece = (int) Math.min(available - skip, remaining);
                target.add(source.address(i) + skip, piece);
                remaining -= piece;
                skip = 0;
            }
        }
    }

    /** Copies a part of a list out to private memory. */
    static void copyOut(final IoVec source, final long offset, final int length, final MemorySegment target) {
        long skip = offset;
        int done = 0;
        for (int i = 0; done < length; i++) {
            final int available = source.length(i);
            if (skip >= available) {
                skip -= available;
            } else {
                final int piece = (int) Math.min(available - skip, length - done);
                MemorySegment.copy(Memory.ALL, source.address(i) + skip, target, done, piece);
                done += piece;
                skip = 0;
            }
        }
    }

    /** Copies bytes into the start of a list. */
    static void copyIn(final byte[] source, final int length, final IoVec target) {
        int done = 0;
        for (int i = 0; done < length; i++) {
            final int piece = Math.min(target.length(i), length - done);
            Memory.copy(source, done, target.address(i), piece);
            done += piece;
        }
    }

    /** Native address of the last byte of a list that is not empty. */
    static long lastByte(final IoVec list) {
        final int last = list.count() - 1;
        return list.address(last) + list.length(last) - 1;
    }
}
