package io.varve.lsvd.read;

import io.varve.linux.IoVec;
import io.varve.linux.Memory;

/**
 * Copies between private memory and a guest's buffers. A guest that takes its memory away makes the copy fail: that is
 * told by the result, and nothing else happens.
 */
public final class GuestBuffers {
    private GuestBuffers() {}

    /**
     * Copies to the guest.
     *
     * @param at     offset into the buffers, in bytes.
     * @param source native address of private memory.
     * @return false when the guest's memory could not be written.
     */
    public static boolean copyTo(final IoVec buffers, final long at, final long source, final long length) {
        return transfer(buffers, at, source, length, true);
    }

    /** Copies from the guest to private memory at {@code target}; see {@link #copyTo}. */
    public static boolean copyFrom(final IoVec buffers, final long at, final long target, final long length) {
        return transfer(buffers, at, target, length, false);
    }

    /** Fills a part of the guest's buffers with zeros; see {@link #copyTo}. */
    public static boolean zero(final IoVec buffers, final long at, final long length) {
        return transfer(buffers, at, 0, length, true);
    }

    private static boolean transfer(
            final IoVec buffers, final long at, final long memory, final long length, final boolean toGuest) {
        int entry = 0;
        long skip = at;
        while (skip >= buffers.length(entry)) {
            skip -= buffers.length(entry);
            entry++;
        }
        long done = 0;
        try {
            while (done < length) {
                final long piece = Math.min(length - done, buffers.length(entry) - skip);
                final long guest = buffers.address(entry) + skip;
                if (!toGuest) {
                    Memory.copy(guest, memory + done, piece);
                } else if (memory == 0) {
                    Memory.zero(guest, piece);
                } else {
                    Memory.copy(memory + done, guest, piece);
                }
                done += piece;
                skip = 0;
                entry++;
            }
            // The fault is told late: it must be told here, and not to whoever comes next.
            Memory.surfaceFaults();
            return true;
        } catch (final InternalError e) {
            // The virtual machine's word for a fault in memory that was mapped and is gone.
            return false;
        }
    }
}
