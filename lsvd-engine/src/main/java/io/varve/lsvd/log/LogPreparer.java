package io.varve.lsvd.log;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Writes zeros ahead of the log's end the first time round, on the reactor, one piece at a time: a file system then has nothing
 * left to note when a record is written there, and a sync takes a fraction of the time. Keeps {@value #MAX_AHEAD} bytes
 * ahead, or a quarter of a small log. While a piece is in flight the writer does not reach it; when the writer has overtaken
 * it, the next piece is some way ahead. A failure ends it, and nothing else: the log's own writes will tell.
 */
public final class LogPreparer {
    /** Greatest number of bytes that are written at once: a guest's record waits for no more. */
    private static final int MAX_PIECE = 256 << 10;

    private static final long MAX_AHEAD = 64 << 20;

    private final LogGeometry geometry;
    private final LogDevice device;
    private final LogWriter log;
    private final MemorySegment zeros;
    private final int listener;
    private final long ahead;
    private long next;
    private boolean isInFlight;

    /**
     * Makes a preparer.
     *
     * @param zeroed where the first lap has been written with zeros to, in bytes.
     * @param arena  frees its zeros.
     */
    public LogPreparer(
            final LogGeometry geometry,
            final LogDevice device,
            final LogWriter log,
            final long zeroed,
            final Arena arena) {
        this.geometry = geometry;
        this.device = device;
        this.log = log;
        this.zeros = arena.allocate(Math.min(MAX_PIECE, geometry.windowLength() / 4), 4096);
        this.ahead = Math.min(MAX_AHEAD, geometry.areaLength() / 4);
        this.listener = device.register((token, result) -> onWritten(result));
        this.next = Math.max(zeroed, log.endPosition());
    }

    /** Whether nothing is in flight. */
    public boolean isQuiet() {
        return !isInFlight;
    }

    /** Goes on; returns an amount of work. */
    public int doWork() {
        final long end = log.endPosition();
        if (isInFlight || next >= end + ahead || next >= geometry.areaLength()) {
            return 0;
        }
        if (next < end) {
            next = end + ahead / 4;
        }
        final int length = (int) Math.min(zeros.byteSize(), geometry.areaLength() - next);
        if (length > 0) {
            isInFlight = true;
            log.holdAt(next);
            device.write(geometry.fileOffset(next), zeros.address(), length, listener, 0);
            next += length;
        }
        return 1;
    }

    private void onWritten(final int result) {
        isInFlight = false;
        log.holdAt(Long.MAX_VALUE);
        if (result < 0) {
            next = Long.MAX_VALUE;
        }
    }
}
