package io.varve.lsvd.log;

import io.varve.linux.Mapping;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The newest part of the log in memory, at the same offsets modulo its length. The reactor writes it and may read it
 * plainly; other threads copy from it optimistically and are told when what they copied was being replaced.
 */
public final class LogWindow {
    private static final int MAX_AHEAD = 8 * Mapping.HUGE_PAGE;
    private static final VarHandle RESERVED;

    static {
        try {
            RESERVED = MethodHandles.lookup().findVarHandle(LogWindow.class, "reserved", long.class);
        } catch (final ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final LogGeometry geometry;
    private final MemorySegment memory;
    private final long firstPosition;
    private long populated;

    @SuppressWarnings("unused")
    private long reserved;

    /**
     * Makes a window.
     *
     * @param firstPosition nothing before it is in the window.
     * @param memory        as long as a window of the log's, its contents undefined; need not be resident.
     */
    public LogWindow(final LogGeometry geometry, final long firstPosition, final MemorySegment memory) {
        this.geometry = geometry;
        this.memory = memory;
        this.firstPosition = firstPosition;
        this.reserved = firstPosition;
    }

    /**
     * Makes the next huge page resident that the log comes to, the first time round, unless it is further ahead than twice what has been
     * written, or {@value #MAX_AHEAD} bytes: the first touch of one takes the kernel up to some milliseconds, and the reactor would do nothing
     * else meanwhile. A page that it has reached is left to it. One thread, which is not the reactor's.
     *
     * @return false when there is nothing to do now.
     */
    boolean populateNext() {
        final int piece = Math.min(Mapping.HUGE_PAGE, geometry.windowLength());
        final long end = (long) RESERVED.getAcquire(this);
        final long written = end - firstPosition;
        final long from = Math.max(populated, written == 0 ? end : Mapping.alignUp(end, piece));
        final long last = firstPosition + geometry.windowLength();
        if (from >= Math.min(end + Math.clamp(2 * written, piece, MAX_AHEAD), last)) {
            return false;
        }
        populated = Math.min(Mapping.alignUp(from + 1, piece), last);
        Mapping.populate(memory.asSlice(geometry.windowOffset(from), populated - from));
        return true;
    }

    /** The memory: the reactor's. */
    MemorySegment memory() {
        return memory;
    }

    /** Native address of a position's place. */
    public long address(final long position) {
        return memory.address() + geometry.windowOffset(position);
    }

    /** Says, before it is done, that positions up to {@code end} are about to be overwritten. Reactor only. */
    void reserve(final long end) {
        RESERVED.setOpaque(this, end);
        VarHandle.storeStoreFence();
    }

    /** Whether a position still stands in the window. Exact on the reactor; a hint elsewhere. */
    public boolean contains(final long position) {
        return position >= first();
    }

    /** First position that still stands in the window. Exact on the reactor; a hint elsewhere. */
    long first() {
        return Math.max(firstPosition, (long) RESERVED.getAcquire(this) - geometry.windowLength());
    }

    /**
     * Copies a range that was handed to the calling thread.
     *
     * @return false when it is not, or no longer, in the window: then the target holds rubbish.
     */
    boolean copy(final long position, final MemorySegment target) {
        if (!contains(position)) {
            return false;
        }
        final long length = target.byteSize();
        final long first = Math.min(length, geometry.leftInWindow(position));
        MemorySegment.copy(memory, geometry.windowOffset(position), target, 0, first);
        MemorySegment.copy(memory, 0, target, first, length - first);
        return stillContains(position);
    }

    /** A range that was handed to the calling thread, within one record; what it shows must be asked of {@link #stillContains} afterwards. */
    MemorySegment view(final long position, final long length) {
        return memory.asSlice(geometry.windowOffset(position), length);
    }

    /** Whether what has just been read of the window, from a position on, is what stood there, and nothing that is newer. Any thread. */
    public boolean stillContains(final long position) {
        VarHandle.loadLoadFence();
        return contains(position);
    }
}
