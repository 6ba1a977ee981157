package io.varve.lsvd.write;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.stored.ObjectLayout;
import java.util.ArrayDeque;
import java.util.function.LongConsumer;

/**
 * Turns the map to where garbage collection has moved data, on the reactor, a few extents at a time: where the map still names the
 * source it names the collected object from then on. Where it names a run of the log that the collected object covers, that run
 * holds the same data, and {@link LogReclaimer} is told where to turn the map once the log is reclaimed.
 *
 * <p>Objects are taken in sequence, and it is told how far all that they moved has been turned.
 */
public final class CollectedRelocation {
    private static final int EXTENTS_A_TURN = 32;

    private final ExtentMap map;
    private final LogReclaimer reclaimer;
    private final LongConsumer relocatedThrough;
    private final ArrayDeque<ObjectLayout> waiting = new ArrayDeque<>();
    private int extent;

    /** Up to where objects before the one in hand cover this log, in blocks; what they say of an earlier log does not count. */
    private long storedBlocks;

    /** @param relocatedThrough is told the sequence of each object, once the map names nothing any more that it has moved. */
    public CollectedRelocation(final ExtentMap map, final LogReclaimer reclaimer, final LongConsumer relocatedThrough) {
        this.map = map;
        this.reclaimer = reclaimer;
        this.relocatedThrough = relocatedThrough;
    }

    /** An object is in the store with all before it, collected or not. */
    public void onStored(final ObjectLayout layout) {
        if (layout.isCollected() || !waiting.isEmpty()) {
            waiting.add(layout);
        } else {
            pass(layout);
        }
    }

    /** Goes on; returns an amount of work. */
    public int doWork() {
        int budget = EXTENTS_A_TURN;
        while (budget > 0 && !waiting.isEmpty()) {
            final ObjectLayout layout = waiting.peek();
            while (layout.isCollected() && budget > 0 && extent < layout.extentCount()) {
                relocate(layout, extent++);
                budget--;
            }
            if (!layout.isCollected() || extent == layout.extentCount()) {
                waiting.remove();
                extent = 0;
                pass(layout);
            }
        }
        return EXTENTS_A_TURN - budget;
    }

    private void pass(final ObjectLayout layout) {
        if (!layout.isCollected()) {
            storedBlocks = layout.to().position() >>> Blocks.SHIFT;
        }
        relocatedThrough.accept(layout.sequence());
    }

    private void relocate(final ObjectLayout layout, final int index) {
        final long block = layout.block(index);
        final long end = block + layout.length(index);
        final long location = layout.location(index);
        map.relocate(block, layout.length(index), layout.source(index), location);
        long at = block;
        while (at < end && map.find(at) && map.foundBlock() < end) {
            final long start = Math.max(at, map.foundBlock());
            final long stop = Math.min(end, map.foundBlock() + map.foundLength());
            final long found = map.foundLocation() + (start - map.foundBlock());
            if (Location.isLog(found) && Location.logPosition(found) < storedBlocks) {
                reclaimer.onMoved(Location.logPosition(found), stop - start, location + (start - block));
            }
            at = stop;
        }
    }
}
