package io.varve.lsvd.history;

import io.varve.lsvd.map.ExtentMap;

/** What has changed in an extent map since some checkpoint: runs that are mapped elsewhere now, and runs that are not any more. */
public final class MapChanges implements AutoCloseable {
    private final ExtentMap written = new ExtentMap();
    private final ExtentMap removed = new ExtentMap();
    private int objects;
    private boolean isIncomplete;

    /** Counts an object whose extents are told after. */
    public void onObject() {
        objects++;
    }

    /** A run is mapped to a location now. */
    public void onWritten(final long block, final int length, final long location) {
        removed.remove(block, length);
        written.put(block, length, location);
    }

    /** A run is not mapped any more. */
    public void onRemoved(final long block, final int length) {
        written.remove(block, length);
        // A location that goes on with the block, so that neighbours are kept as one.
        removed.put(block, length, block);
    }

    /** The map has changed beyond what is told here: the next checkpoint has to be whole. */
    public void onUnknown() {
        objects++;
        isIncomplete = true;
    }

    /** Whether these are not all changes. */
    public boolean isIncomplete() {
        return isIncomplete;
    }

    /** Number of objects since the checkpoint. */
    public int objects() {
        return objects;
    }

    /** Number of runs. */
    public long extentCount() {
        return written.extentCount() + removed.extentCount();
    }

    /** Begins anew. */
    public void clear() {
        objects = 0;
        isIncomplete = false;
        written.clear();
        removed.clear();
    }

    ExtentMap written() {
        return written;
    }

    ExtentMap removed() {
        return removed;
    }

    @Override
    public void close() {
        written.close();
        removed.close();
    }
}
