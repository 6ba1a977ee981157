package io.varve.lsvd.write;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogSuperblock;
import io.varve.lsvd.log.LogWriter;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.read.ReadPath;
import io.varve.lsvd.stored.ObjectLayout;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;

/**
 * Frees the oldest part of the log for reuse, on the reactor, when less than a quarter of it is free: turns the map from the
 * log to the objects that hold the same data, waits until no read of that part is in flight, makes the log's new tail durable
 * in both places of its superblock, and only then lets the writer have that part. Until then it serves as a cache.
 *
 * <p>Also moves the tail in the superblock, and nothing else, whenever {@value #TAIL_STEP} more bytes, or a quarter of the
 * log, are in the store: that bounds how much a recovery has to read. With the tail goes what the store is known to hold, which is
 * written by itself when something waits for it.
 */
public final class LogReclaimer implements AutoCloseable {
    private static final int EXTENTS_A_TURN = 64;
    private static final int TAIL_STEP = 64 << 20;
    private static final int EIO = 5;
    private static final long WRITE_TOKEN = 1;
    private static final long SYNC_TOKEN = 2;

    /** What the superblock notes of the store. */
    public interface StoreNotes {
        /** What the store is known to hold, or null when that is no more than the superblock says. */
        Superblock.Seen seen();

        /** Up to which object that should be noted soon, or a negative number. */
        long awaited();

        /** It has durably been noted up to an object. */
        void noted(long sequence);
    }

    /** What a reclaim is doing. */
    private enum State {
        IDLE,
        RELOCATING,
        DRAINING,
        PERSISTING
    }

    private final LogGeometry geometry;
    private final LogDevice device;
    private final LogSuperblock superblock;
    private final LogWriter log;
    private final ExtentMap map;
    private final ReadPath reads;
    private final int listener;
    private final StoreNotes notes;
    private final long tailStep;
    private final ArrayDeque<ObjectLayout> stored = new ArrayDeque<>();

    /**
     * Where runs of the log in use have gone, by their place in the log's area: a position has no end that it may not pass. A
     * run lies in one record, and so in one piece.
     */
    private final ExtentMap moved = new ExtentMap();

    private State state = State.IDLE;
    private volatile long oldestInUse;
    private long goal;
    private int extent;
    private int guard;
    private Superblock.Tail reusableTo;
    private Superblock.Tail storedTo;
    private Superblock.Tail securedTo;

    /** What is being written to one place of the superblock after the other: what counts is what both of them hold. */
    private Superblock.Tail nextTail;

    private Superblock.Seen nextSeen;
    private int copies;

    /**
     * Makes a reclaimer.
     *
     * @param oldestInUse position where the log's part in use begins.
     * @param notes       what the superblock notes of the store.
     */
    public LogReclaimer(
            final LogGeometry geometry,
            final LogDevice device,
            final LogSuperblock superblock,
            final LogWriter log,
            final ExtentMap map,
            final ReadPath reads,
            final long oldestInUse,
            final StoreNotes notes) {
        this.geometry = geometry;
        this.device = device;
        this.superblock = superblock;
        this.log = log;
        this.map = map;
        this.reads = reads;
        this.oldestInUse = oldestInUse;
        this.notes = notes;
        this.tailStep = Math.min(TAIL_STEP, geometry.areaLength() / 4);
        this.listener = device.register(this::onCompletion);
    }

    /** An object made of a batch is in the store, with all before it. */
    public void onStored(final ObjectLayout layout) {
        stored.add(layout);
        storedTo = layout.to();
    }

    /**
     * The data of a run of the log has been moved on in the store by garbage collection, before the map was turned to where it
     * was.
     */
    public void onMoved(final long positionBlocks, final long blocks, final long location) {
        moved.put(geometry.blockIndex(positionBlocks), blocks, location);
    }

    /** Goes on; returns an amount of work. */
    public int doWork() {
        switch (state) {
            case IDLE -> {
                return log.isUnsure() ? 0 : beginIfNeeded();
            }
            case RELOCATING -> {
                relocate();
                return 1;
            }
            case DRAINING -> {
                if (!reads.isGuardFree(guard)) {
                    return 0;
                }
                persist();
                return 1;
            }
            default -> {
                return 0;
            }
        }
    }

    /**
     * Moves the tail in the superblock to what is stored, and notes what the store holds, waiting for it: the end of a clean
     * shutdown.
     */
    public void finish() throws IOException {
        if ((storedTo != null || notes.seen() != null) && log.failure() == 0) {
            superblock.write(next());
        }
    }

    private Superblock next() {
        final Superblock now = superblock.current();
        final Superblock.Seen newest = notes.seen();
        return now.with(storedTo == null ? now.tail() : storedTo, newest == null ? now.seen() : newest);
    }

    /** Frees its memory. */
    @Override
    public void close() {
        moved.close();
    }

    /** Whether nothing of the superblock is being written. */
    public boolean isQuiet() {
        return state != State.PERSISTING;
    }

    /** Whether it is doing nothing. */
    public boolean isIdle() {
        return state == State.IDLE;
    }

    /** Sequence of the oldest object, of those put since the volume was opened, of which the log holds the data as well; or a default when there is none. */
    public long oldestStored(final long none) {
        return stored.isEmpty() ? none : stored.peek().sequence();
    }

    /**
     * Position where the part of the log in use begins. Any thread: whoever has read something of the log's file, and its checksums, and
     * finds it behind this position afterwards, has not met anything newer that was put in its place.
     */
    public long oldestInUse() {
        return oldestInUse;
    }

    /** Turns the map to the store where it names a run of the log that cannot be read; see {@link ReadPath.Copies}. */
    public boolean turnToStore(final long positionBlocks, final int blocks) {
        boolean isFound = false;
        for (final ObjectLayout layout : stored) {
            for (int i = 0; i < layout.extentCount(); i++) {
                if (isFrom(layout, i, positionBlocks, blocks)) {
                    relocate(layout, i);
                    isFound = true;
                }
            }
        }
        return isFound;
    }

    /**
     * Begins to move the tail in the superblock to the end of a log that is unsure, all of which is in the store. Tells by {@link
     * #isSecuredTo}, once it is idle again, whether that went well. It must be idle before.
     */
    public void secure(final Superblock.Tail end) {
        storedTo = end;
        persist();
    }

    /** Whether the superblock's tail durably stands here. */
    public boolean isSecuredTo(final Superblock.Tail end) {
        return end.equals(securedTo);
    }

    private int beginIfNeeded() {
        final long free = oldestInUse + geometry.areaLength() - log.endPosition();
        if (notes.awaited() > superblock.current().seen().sequence()) {
            persist();
            return 1;
        }
        if (stored.isEmpty()) {
            return 0;
        }
        if (free >= geometry.areaLength() / 4) {
            if (storedTo.position() - superblock.current().tail().position() < tailStep) {
                return 0;
            }
            persist();
            return 1;
        }
        goal = oldestInUse + geometry.areaLength() / 8;
        extent = 0;
        state = State.RELOCATING;
        return 1;
    }

    private void relocate() {
        int budget = EXTENTS_A_TURN;
        while (budget > 0) {
            final ObjectLayout layout = stored.peek();
            if (layout == null || reusableTo != null && reusableTo.position() >= goal) {
                guard = reads.nextGuard();
                state = State.DRAINING;
                return;
            }
            while (budget > 0 && extent < layout.extentCount()) {
                relocate(layout, extent++);
                budget--;
            }
            if (extent == layout.extentCount()) {
                reusableTo = layout.to();
                extent = 0;
                budget--;
                stored.remove();
            }
        }
    }

    private static boolean isFrom(
            final ObjectLayout layout, final int extent, final long positionBlocks, final int blocks) {
        if (layout.isTrim(extent)) {
            return false;
        }
        final long position = Location.logPosition(layout.source(extent));
        return position < positionBlocks + blocks && positionBlocks < position + layout.length(extent);
    }

    /** Turns whatever of an extent is still mapped to the log to where it is in the store now. */
    private void relocate(final ObjectLayout layout, final int extent) {
        if (layout.isTrim(extent)) {
            return;
        }
        final long block = layout.block(extent);
        final long position = Location.logPosition(layout.source(extent));
        final long end = position + layout.length(extent);
        final long lap = position - geometry.blockIndex(position);
        long at = position;
        while (at < end) {
            final boolean isMoved = moved.find(at - lap) && lap + moved.foundBlock() < end;
            final long gone = isMoved ? Math.max(at, lap + moved.foundBlock()) : end;
            if (gone > at) {
                map.relocate(
                        block + (at - position),
                        gone - at,
                        Location.inLog(at),
                        layout.location(extent) + (at - position));
                at = gone;
            }
            if (isMoved) {
                final long stop = Math.min(end, lap + moved.foundBlock() + moved.foundLength());
                map.relocate(
                        block + (at - position),
                        stop - at,
                        Location.inLog(at),
                        moved.foundLocation() + (at - lap - moved.foundBlock()));
                at = stop;
            }
        }
    }

    /** From now on newer records stand in this part of the area. */
    private void forgetMoved(final long fromBlocks, final long toBlocks) {
        final long area = geometry.areaLength() >>> Blocks.SHIFT;
        final long first = geometry.blockIndex(fromBlocks);
        final long count = Math.min(toBlocks - fromBlocks, area);
        final long straight = Math.min(count, area - first);
        moved.remove(first, straight);
        moved.remove(0, count - straight);
    }

    private void persist() {
        final Superblock next = next();
        nextTail = next.tail();
        nextSeen = next.seen();
        copies = 0;
        state = State.PERSISTING;
        writeCopy();
    }

    private void writeCopy() {
        copies++;
        superblock.write(superblock.current().with(nextTail, nextSeen), listener, WRITE_TOKEN);
    }

    private void onCompletion(final long token, final int result) {
        if (result < 0 || token == WRITE_TOKEN && result != Superblock.LENGTH) {
            // The superblock's other copy still stands, so nothing is lost.
            state = State.IDLE;
            log.doubt(result < 0 ? -result : EIO);
        } else if (token == WRITE_TOKEN) {
            device.sync(listener, SYNC_TOKEN);
        } else if (copies < LogSuperblock.PLACES) {
            writeCopy();
        } else {
            securedTo = nextTail;
            notes.noted(nextSeen.sequence());
            if (reusableTo != null) {
                forgetMoved(oldestInUse >>> Blocks.SHIFT, reusableTo.position() >>> Blocks.SHIFT);
                oldestInUse = reusableTo.position();
                reusableTo = null;
                // Lanes find nothing newer in this part, neither checksums nor data, without finding this too.
                VarHandle.fullFence();
                log.reusable(oldestInUse);
            }
            state = State.IDLE;
        }
    }
}
