package io.varve.lsvd.write;

import io.varve.linux.IoVec;
import io.varve.linux.Memory;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.log.LogWriter;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.read.GuestBuffers;
import io.varve.lsvd.read.ReadPath;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.function.Predicate;

/**
 * Takes writes and trims in order and appends them to the log, on the reactor. When the log has no room they wait in order;
 * none is refused. Data is copied out of the guest's memory once, when it is appended.
 *
 * <p>A request that covers blocks in part waits until those have been read, while others go ahead; before it is appended
 * the map is asked whether they have changed since, and if so they are read again. At most {@value #MAX_EDGES} such requests hold
 * memory for that; the others wait for it. How many requests there are at all is up to the caller.
 */
public final class WritePath {
    /** Receives failures, on the reactor thread; successes are told by the log. */
    @FunctionalInterface
    public interface FailureListener {
        /** The request with this token has failed. */
        void onFailed(long token);
    }

    /** Greatest number of requests that hold memory for blocks that they cover in part: 8 KiB each. */
    static final int MAX_EDGES = 256;

    private static final long NOWHERE = -1L >>> 1;
    private static final long TAIL_FLAG = 1L << 32;

    private final ExtentMap map;
    private final LogWriter log;
    private final FailureListener failures;
    private final Arena arena;
    private final long edgeTokenBase;
    private final List<Mutation> all = new ArrayList<>();
    private final ArrayDeque<Mutation> free = new ArrayDeque<>();
    private final ArrayDeque<Mutation> queue = new ArrayDeque<>();
    private final ArrayDeque<Mutation> waitingForEdges = new ArrayDeque<>();
    private final ArrayDeque<Edges> freeEdges = new ArrayDeque<>();
    private int madeEdges;
    private ReadPath reads;
    private int readingEdges;
    private boolean isEnded;
    private long trimVersion;
    private long bytesWritten;

    /**
     * Makes a write path.
     *
     * @param edgeTokenBase marks the tokens of reads of its own; their outcome goes to {@link #onEdgeRead}.
     */
    public WritePath(
            final ExtentMap map,
            final LogWriter log,
            final Arena arena,
            final long edgeTokenBase,
            final FailureListener failures) {
        this.map = map;
        this.log = log;
        this.arena = arena;
        this.edgeTokenBase = edgeTokenBase;
        this.failures = failures;
    }

    /** Sets where edges are read. */
    public void reads(final ReadPath newReads) {
        reads = newReads;
    }

    /**
     * Writes; the log acknowledges the token.
     *
     * @param isDurable whether it is acknowledged only when durable.
     */
    public void write(final long offset, final IoVec buffers, final boolean isDurable, final long token) {
        submit(take(offset, buffers.totalLength(), buffers, isDurable, token));
    }

    /** Makes a range read as zeros; the log acknowledges the token. */
    public void trim(final long offset, final long length, final boolean isDurable, final long token) {
        submit(take(offset, length, null, isDurable, token));
    }

    /** Turns the guest's write cache on or off; the log acknowledges the token once that is durable. */
    public void writeCache(final boolean isOn, final long token) {
        final Mutation mutation = take(0, 0, null, true, token);
        mutation.writeCache = isOn ? Mutation.WriteCacheChange.ON : Mutation.WriteCacheChange.OFF;
        submit(mutation);
    }

    /** Puts a note of at most a block into the log; the log acknowledges the token once that is durable. */
    public void note(final MemorySegment note, final long token) {
        final Mutation mutation = take(0, 0, null, true, token);
        mutation.note = note;
        submit(mutation);
    }

    /** Goes on with what waits; returns an amount of work. */
    public int doWork() {
        int work = 0;
        while (!queue.isEmpty()) {
            final Mutation mutation = queue.peek();
            if (log.failure() != 0) {
                queue.remove();
                fail(mutation);
            } else if (isEdgeStale(mutation)) {
                queue.remove();
                readEdges(mutation);
            } else if (append(mutation)) {
                queue.remove();
            } else {
                break;
            }
            work++;
        }
        while (!waitingForEdges.isEmpty() && hasEdges()) {
            readEdges(waitingForEdges.remove());
            work++;
        }
        return work;
    }

    /**
     * Gives up requests that are not in the log yet: they fail, and what of them is still to be appended never is. Their edges may be on
     * their way; see {@link #isEdgeCancelled}.
     *
     * @param which tells them by their token.
     */
    public void cancel(final LongPredicate which) {
        for (final Mutation mutation : all) {
            mutation.isCancelled |= mutation.token != Mutation.NONE && which.test(mutation.token);
        }
        failIf(queue, mutation -> mutation.isCancelled);
        failIf(waitingForEdges, mutation -> mutation.isCancelled);
    }

    /** Whether the edge that has this token in the read path need not be read any more. */
    public boolean isEdgeCancelled(final long token) {
        return ofEdge(token).isCancelled;
    }

    private Mutation ofEdge(final long token) {
        return all.get((int) (token & ~edgeTokenBase & TAIL_FLAG - 1));
    }

    /** An edge has been read. */
    public void onEdgeRead(final long token, final boolean isFailed) {
        final Mutation mutation = ofEdge(token);
        mutation.isEdgeFailed |= isFailed;
        if (--mutation.edgesToRead > 0) {
            return;
        }
        readingEdges--;
        if (mutation.isEdgeFailed || mutation.isCancelled || isEnded) {
            fail(mutation);
        } else {
            queue.add(mutation);
        }
    }

    /** Fails everything that waits, now or, where an edge is being read, once it has been. Nothing must be submitted any more. */
    public void failAll() {
        isEnded = true;
        failIf(queue, mutation -> true);
        failIf(waitingForEdges, mutation -> true);
    }

    private void failIf(final ArrayDeque<Mutation> waiting, final Predicate<Mutation> which) {
        for (int left = waiting.size(); left > 0; left--) {
            final Mutation mutation = waiting.remove();
            if (which.test(mutation)) {
                fail(mutation);
            } else {
                waiting.add(mutation);
            }
        }
    }

    /** Whether nothing waits. */
    public boolean isQuiet() {
        return queue.isEmpty() && waitingForEdges.isEmpty() && readingEdges == 0;
    }

    /** Bytes that guests have written so far. */
    public long bytesWritten() {
        return bytesWritten;
    }

    private Mutation take(
            final long offset, final long length, final IoVec buffers, final boolean isDurable, final long token) {
        Mutation mutation = free.poll();
        if (mutation == null) {
            mutation = new Mutation(all.size());
            all.add(mutation);
        }
        mutation.set(offset, length, buffers, isDurable, token);
        return mutation;
    }

    private void submit(final Mutation mutation) {
        if (mutation.hasEdges()) {
            readEdges(mutation);
        } else if (!queue.isEmpty() || log.failure() != 0 || !append(mutation)) {
            queue.add(mutation);
        }
    }

    private boolean hasEdges() {
        return !freeEdges.isEmpty() || madeEdges < MAX_EDGES;
    }

    private Edges takeEdges() {
        if (freeEdges.isEmpty()) {
            madeEdges++;
            return new Edges(arena);
        }
        return freeEdges.pop();
    }

    private void readEdges(final Mutation mutation) {
        if (mutation.edges == null) {
            if (!hasEdges()) {
                waitingForEdges.add(mutation);
                return;
            }
            mutation.edges = takeEdges();
        }
        mutation.isEdgeFailed = false;
        mutation.edgesToRead = (mutation.hasHead ? 1 : 0) + (mutation.hasTail ? 1 : 0);
        mutation.trimVersion = trimVersion;
        mutation.headLocation = locate(mutation.firstBlock());
        mutation.tailLocation = locate(mutation.lastBlock());
        readingEdges++;
        final long token = edgeTokenBase | mutation.index;
        // The last of them to be read may end the mutation, which is another's then.
        final Edges edges = mutation.edges;
        final boolean hasTail = mutation.hasTail;
        final long tailBlock = mutation.lastBlock();
        if (mutation.hasHead) {
            reads.read(mutation.firstBlock() << Blocks.SHIFT, edges.headVector, token);
        }
        if (hasTail) {
            reads.read(tailBlock << Blocks.SHIFT, edges.tailVector, token | TAIL_FLAG);
        }
    }

    /**
     * Whether an edge has been changed since it was read; a trim anywhere counts, since what it leaves has no location. Once
     * a mutation has begun to be appended nothing else is until it is done, so this is asked before the first block only.
     */
    private boolean isEdgeStale(final Mutation mutation) {
        return mutation.done == 0
                && mutation.hasEdges()
                && (mutation.trimVersion != trimVersion
                        || mutation.hasHead && mutation.headLocation != locate(mutation.firstBlock())
                        || mutation.hasTail && mutation.tailLocation != locate(mutation.lastBlock()));
    }

    private long locate(final long block) {
        return map.find(block) && map.foundBlock() <= block
                ? map.foundLocation() + (block - map.foundBlock())
                : NOWHERE;
    }

    /** Appends as much as there is room for; returns whether that was all. */
    private boolean append(final Mutation mutation) {
        if (mutation.writeCache != Mutation.WriteCacheChange.NONE) {
            if (log.room() < 1) {
                return false;
            }
            log.appendWriteCache(mutation.writeCache == Mutation.WriteCacheChange.ON);
        }
        if (mutation.note != null) {
            if (log.room() < 2) {
                return false;
            }
            log.appendNote(mutation.note);
        }
        while (mutation.done < mutation.length) {
            final long room = log.room();
            if (room < 1) {
                return false;
            }
            final long position = mutation.offset + mutation.done;
            final long block = position >>> Blocks.SHIFT;
            final boolean isHead = mutation.hasHead && block == mutation.firstBlock();
            final boolean isTail = mutation.hasTail && block == mutation.lastBlock();
            final boolean isDone;
            if (isHead || isTail) {
                isDone = appendEdge(
                        mutation, block, isHead ? mutation.edges.headAddress() : mutation.edges.tailAddress());
            } else if (mutation.buffers == null) {
                isDone = appendTrim(mutation, block);
            } else {
                isDone = appendData(mutation, block, room);
            }
            if (!isDone) {
                release(mutation);
                return true;
            }
        }
        log.acknowledge(mutation.token, mutation.isDurable);
        bytesWritten += mutation.buffers == null ? 0 : mutation.length;
        release(mutation);
        return true;
    }

    private boolean appendData(final Mutation mutation, final long block, final long room) {
        final long whole = (mutation.end() >>> Blocks.SHIFT) - block;
        final int count = log.reserve((int) Math.min(Math.min(room, whole), Integer.MAX_VALUE));
        final long bytes = (long) count * Blocks.SIZE;
        if (!GuestBuffers.copyFrom(mutation.buffers, mutation.done, log.reservedAddress(), bytes)) {
            failures.onFailed(mutation.token);
            return false;
        }
        map.put(block, count, Location.inLog(log.commit(block, count)));
        mutation.done += bytes;
        return true;
    }

    private boolean appendEdge(final Mutation mutation, final long block, final long old) {
        final int skip = (int) (mutation.offset + mutation.done) & Blocks.SIZE - 1;
        final int length = (int) Math.min(Blocks.SIZE - skip, mutation.length - mutation.done);
        log.reserve(1);
        final long target = log.reservedAddress();
        Memory.copy(old, target, Blocks.SIZE);
        if (mutation.buffers == null) {
            Memory.zero(target + skip, length);
        } else if (!GuestBuffers.copyFrom(mutation.buffers, mutation.done, target + skip, length)) {
            failures.onFailed(mutation.token);
            return false;
        }
        map.put(block, 1, Location.inLog(log.commit(block, 1)));
        mutation.done += length;
        return true;
    }

    private boolean appendTrim(final Mutation mutation, final long block) {
        final long whole = (mutation.end() >>> Blocks.SHIFT) - block;
        final int count = (int) Math.min(whole, ExtentEntry.MAX_BLOCKS);
        if (map.find(block) && map.foundBlock() < block + count) {
            log.appendTrim(block, count);
            map.remove(block, count);
            trimVersion++;
        }
        mutation.done += (long) count << Blocks.SHIFT;
        return true;
    }

    private void fail(final Mutation mutation) {
        final long token = mutation.token;
        release(mutation);
        failures.onFailed(token);
    }

    private void release(final Mutation mutation) {
        mutation.buffers = null;
        mutation.token = Mutation.NONE;
        if (mutation.edges != null) {
            freeEdges.push(mutation.edges);
            mutation.edges = null;
        }
        free.push(mutation);
    }
}
