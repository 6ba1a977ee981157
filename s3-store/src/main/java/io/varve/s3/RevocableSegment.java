package io.varve.s3;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A caller's memory, on loan for one operation. An attempt that was given up may go on for a moment on a thread of the
 * network; once the loan is revoked it can neither read what the caller put there next, and create an object of it, nor
 * overwrite it.
 */
final class RevocableSegment {
    private final MemorySegment segment;
    private boolean isRevoked;

    RevocableSegment(final MemorySegment segment) {
        this.segment = segment;
    }

    long byteSize() {
        return segment.byteSize();
    }

    /** Copies bytes out of the segment; false when it has been revoked. */
    synchronized boolean copyOut(final long position, final byte[] target) {
        if (!isRevoked) {
            MemorySegment.copy(segment, position, MemorySegment.ofArray(target), 0, target.length);
        }
        return !isRevoked;
    }

    /** Copies all that remains of a buffer into the segment; false when it has been revoked. */
    synchronized boolean copyIn(final long position, final ByteBuffer source) {
        if (!isRevoked) {
            final MemorySegment bytes = MemorySegment.ofBuffer(source);
            MemorySegment.copy(bytes, 0, segment, position, bytes.byteSize());
        }
        return !isRevoked;
    }

    /** Ends the loan: returns when no copy is under way any more. */
    synchronized void revoke() {
        isRevoked = true;
    }
}
