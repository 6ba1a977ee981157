package io.varve.lsvd.log;

import java.lang.foreign.MemorySegment;

/** A log of which a test makes what it needs: whatever else is asked of it is a failure. */
public abstract class PartialLogDevice implements LogDevice {
    private final long length;

    protected PartialLogDevice(final long length) {
        this.length = length;
    }

    @Override
    public int register(final Listener listener) {
        throw new AssertionError("a listener is registered");
    }

    @Override
    public void write(final long offset, final long address, final int size, final int listener, final long token) {
        throw new AssertionError("a write at " + offset);
    }

    @Override
    public void read(final long offset, final long address, final int size, final int listener, final long token) {
        throw new AssertionError("a read at " + offset);
    }

    @Override
    public void sync(final int listener, final long token) {
        throw new AssertionError("a sync");
    }

    @Override
    public void readFully(final long offset, final MemorySegment target) {
        throw new AssertionError("a read at " + offset);
    }

    @Override
    public void writeFully(final long offset, final MemorySegment source) {
        throw new AssertionError("a write at " + offset);
    }

    @Override
    public void syncFully() {
        throw new AssertionError("a sync");
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public String name() {
        return "a log";
    }

    @Override
    public void close() {}
}
