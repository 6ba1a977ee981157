package io.varve.lsvd.log;

import io.varve.lsvd.format.Blocks;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A run of the log, read at one go into private memory that is used again. One thread's. */
public final class LogImage implements LogSource, AutoCloseable {
    private static final long UNIT = 4 << 20;

    private final LogSource source;
    private Arena arena;
    private MemorySegment memory;
    private long first;
    private long end;

    /** Makes an empty image of a log. */
    public LogImage(final LogSource source) {
        this.source = source;
    }

    /** Reads the run from one position up to another. */
    public void load(final long newFirst, final long newEnd) throws IOException {
        final long length = newEnd - newFirst;
        if (memory == null || memory.byteSize() < length) {
            close();
            arena = Arena.ofShared();
            memory = arena.allocate((length + UNIT - 1) / UNIT * UNIT, Blocks.SIZE);
        }
        source.read(newFirst, memory.asSlice(0, length));
        first = newFirst;
        end = newEnd;
    }

    @Override
    public LogGeometry geometry() {
        return source.geometry();
    }

    /** Copies a range, which must lie within the run. */
    @Override
    public void read(final long position, final MemorySegment target) {
        if (position < first || position + target.byteSize() > end) {
            throw new IllegalArgumentException("position " + position + " is not in the image");
        }
        MemorySegment.copy(memory, position - first, target, 0, target.byteSize());
    }

    @Override
    public void close() {
        if (arena != null) {
            arena.close();
            arena = null;
            memory = null;
        }
    }
}
