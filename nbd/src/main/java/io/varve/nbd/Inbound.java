package io.varve.nbd;

import io.varve.linux.ErrnoException;
import io.varve.linux.Memory;
import io.varve.linux.UnixSocket;

/**
 * What a client has sent and nobody has read yet: a window of a buffer of the pool. Data of short writes stays where it was received, and
 * the buffer goes on to the device with it; that of long ones is received where it is to stay.
 */
final class Inbound {
    /** Length of a buffer, in bytes; what is asked for by {@link #require} is at most half of it. */
    static final int LENGTH = 128 << 10;

    private final BufferPool pool;
    private final BufferPool.Share share;
    private BufferPool.Buffer buffer;
    private int begin;
    private int end;
    private int required = 1;
    private BufferPool.Buffer target;
    private int targetLength;
    private int targetEnd;

    Inbound(final BufferPool pool, final BufferPool.Share share) {
        this.pool = pool;
        this.share = share;
    }

    /** Bytes received and not consumed. */
    int available() {
        return end - begin;
    }

    /** Where they are. */
    long address() {
        return buffer.address() + begin;
    }

    /** What they are in. */
    BufferPool.Buffer buffer() {
        return buffer;
    }

    /** They have been read. */
    void consume(final int length) {
        begin += length;
        required = 1;
    }

    /** Whether so many bytes are there, side by side; if not, they are what is received next. */
    boolean require(final int length) {
        if (available() >= length) {
            return true;
        }
        required = length;
        return false;
    }

    /** Receives what comes next into a buffer of its own, after what is here of it already. */
    void divert(final BufferPool.Buffer newTarget, final int length) {
        final int here = Math.min(length, available());
        if (here > 0) {
            Memory.copy(address(), newTarget.address(), here);
            consume(here);
        }
        target = newTarget;
        targetLength = length;
        targetEnd = here;
    }

    /** Whether what was {@linkplain #divert diverted} is there; then whoever asks owns it. */
    boolean takeDiverted() {
        if (target == null || targetEnd < targetLength) {
            return false;
        }
        target = null;
        return true;
    }

    /** Whether a buffer is there that can take more. */
    boolean prepare() {
        if (target != null) {
            return true;
        }
        if (buffer != null && begin == end && buffer.isExclusive()) {
            begin = 0;
            end = 0;
            return true;
        }
        if (buffer != null && begin + required <= buffer.length() && end < buffer.length()) {
            return true;
        }
        if (buffer != null && buffer.isExclusive()) {
            Memory.copy(buffer.address() + begin, buffer.address(), available());
        } else {
            final BufferPool.Buffer fresh = pool.take(LENGTH, share);
            if (fresh == null) {
                return false;
            }
            if (buffer != null) {
                Memory.copy(buffer.address() + begin, fresh.address(), available());
                pool.release(buffer);
            }
            buffer = fresh;
        }
        end -= begin;
        begin = 0;
        return true;
    }

    /**
     * Receives once. Must be {@linkplain #prepare prepared}.
     *
     * @return bytes received, 0 at the end, or {@link UnixSocket#WOULD_BLOCK}.
     */
    int receive(final Transport transport) throws ErrnoException {
        if (target != null) {
            final int length = targetLength - targetEnd;
            final int count = transport.receive(target.address() + targetEnd, length);
            targetEnd += Math.max(0, count);
            return count;
        }
        final int count = transport.receive(buffer.address() + end, buffer.length() - end);
        end += Math.max(0, count);
        return count;
    }

    /** Gives the memory back. */
    void close() {
        if (buffer != null) {
            pool.release(buffer);
            buffer = null;
        }
        begin = 0;
        end = 0;
        target = null;
    }
}
