package io.varve.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory for a secret, outside the heap: a mapping of its own that is left out of core dumps ({@code MADV_DONTDUMP}), is not inherited by
 * forked processes ({@code MADV_WIPEONFORK}), is locked into memory so that it never reaches swap space, and is wiped when it is closed.
 *
 * <p>Locking needs {@code RLIMIT_MEMLOCK}, of which each secret takes a page. Where that is used up the memory stays unlocked: a host
 * that swaps should encrypt its swap space anyway. Any thread; whoever still uses the memory after {@link #close()} is told by an
 * {@link IllegalStateException}.
 */
public final class SecretMemory implements AutoCloseable {
    private static final int MADV_DONTDUMP = 16;
    private static final int MADV_WIPEONFORK = 18;
    private static final int PR_GET_DUMPABLE = 3;
    private static final int PR_SET_DUMPABLE = 4;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;
    private final boolean isLocked;
    private boolean isClosed;

    /**
     * Takes memory, zeroed. From the first of a process on, the process leaves no core dump, whatever limits and {@code core_pattern} say: what
     * a cipher keeps on the heap while it is in use would be in it.
     *
     * @param length in bytes, above 0.
     */
    public SecretMemory(final int length) {
        forbidCoreDumps();
        segment = Mapping.reserve(length, arena);
        final long address = segment.address();
        final long pages = Mapping.alignUp(length, Memory.PAGE_SIZE);
        // Advice: where it is not known, the process leaves no core dump all the same.
        Libc.madvise(address, pages, MADV_DONTDUMP);
        Libc.madvise(address, pages, MADV_WIPEONFORK);
        isLocked = SecretCalls.mlock(address, pages) == 0;
    }

    /** The memory; valid until {@link #close()}. */
    public MemorySegment segment() {
        return segment;
    }

    /** Whether the memory can't be swapped out. */
    public boolean isLocked() {
        return isLocked;
    }

    /** Whether the process would leave a core dump. */
    public static boolean mayDumpCore() {
        return SecretCalls.prctl(PR_GET_DUMPABLE, 0) != 0;
    }

    private static void forbidCoreDumps() {
        SecretCalls.prctl(PR_SET_DUMPABLE, 0);
    }

    /** Wipes the memory and gives it back. Idempotent. */
    @Override
    public synchronized void close() {
        if (!isClosed) {
            isClosed = true;
            segment.fill((byte) 0);
            arena.close();
        }
    }
}
