package io.varve.lsvd.read;

import io.varve.lsvd.cache.CacheLine;
import io.varve.lsvd.cache.ReadCache;
import io.varve.lsvd.cache.VolumeCache;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.ObjectIndex;
import io.varve.lsvd.objects.ObjectReader;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentTerminationException;

/**
 * Puts lines of a volume that comes from another host into the read cache before they are asked for. An agent with a thread of its
 * own that nobody waits for. At most {@value #MAX_READS} reads of the store of up to 1 MiB are under way, on average one every
 * {@value #PACE_NS} ns once the volume is served, and none while it is {@linkplain #hold held}. For each plan, the cache is given at
 * most what it has {@linkplain VolumeCache#roomForUnasked() room} for.
 *
 * <p>What is missing or damaged is left out. After {@value #MAX_FAILURES} failures in a row, of whatever kind, it gives up: then the
 * plan is wrong or the store is away.
 */
public final class Prefetcher implements Agent, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Prefetcher.class.getName());
    private static final int MAX_READS = 4;
    private static final int MAX_FAILURES = 16;
    private static final int LINES_A_READ = SpanMemory.LARGE_BLOCKS / CacheLine.BLOCKS;

    /** Greatest number of new objects that wait; older ones are forgotten. */
    private static final int MAX_OBJECTS = 64;

    /** From one read to the next once the volume is served: leaves most of the store's bandwidth to the guest. */
    private static final long PACE_NS = 30_000_000L;

    /** How long nothing is read once the volume is served. */
    private static final long QUIET_NS = 200_000_000L;

    private final ObjectStore store;
    private final String name;
    private final ReadCache readCache;
    private final EngineRuntime runtime;
    private final Deque<SpanMemory> memory = new ArrayDeque<>();
    private final List<Read> reads = new ArrayList<>();
    private final Deque<NewObject> newObjects = new ArrayDeque<>();
    private final VolumeKeys keys;
    private final ObjectReader reader;
    private final EngineRuntime.Handle thread;
    private View view;
    private PrefetchPlan plan;
    private int next;
    private NewObject object;
    private int nextOfObject;
    private int room;
    private int failures;
    private long begunNs;
    private long notBeforeNs;
    private boolean isTold = true;
    private boolean isServedKnown;
    private boolean isClosed;
    private PrefetchPlan given;
    private volatile boolean isHeld;
    private volatile boolean isServed;
    private volatile boolean isOver;
    private long lines;

    /** An object that has come since. */
    private record NewObject(Epochs epochs, long sequence, int blocks) {}

    /** How objects are found in store and cache, as of some epochs. */
    private record View(Epochs epochs, VolumeCache cache, ObjectIndexes indexes) {}

    /** A read of lines in a row of one object. */
    private static final class Read {
        final View view;
        final long line;
        final boolean isHot;
        final SpanMemory memory;
        final int first;
        int end;
        int cachedTo;
        CompletableFuture<ObjectIndex> index;
        CompletableFuture<Integer> data;
        MemorySegment stored;
        BitSet good;

        Read(final View view, final long line, final int count, final boolean isHot, final SpanMemory memory) {
            this.view = view;
            this.line = line;
            this.isHot = isHot;
            this.memory = memory;
            first = Location.block(CacheLine.location(line));
            cachedTo = first;
            end = first + count * CacheLine.BLOCKS;
        }

        long sequence() {
            return CacheLine.sequence(line);
        }

        String key() {
            return view.indexes.key(sequence());
        }
    }

    private Prefetcher(
            final ObjectStore store,
            final VolumeKeys keys,
            final String name,
            final ReadCache readCache,
            final EngineRuntime runtime) {
        this.store = store;
        this.keys = keys;
        reader = new ObjectReader(keys);
        this.name = name;
        this.readCache = readCache;
        this.runtime = runtime;
        thread = runtime.startInBackground(this);
    }

    /** Starts one, which does nothing yet. */
    public static Prefetcher start(
            final ObjectStore store,
            final VolumeKeys keys,
            final String name,
            final ReadCache readCache,
            final EngineRuntime runtime) {
        return new Prefetcher(store, keys, name, readCache, runtime);
    }

    /** Gives it a plan, in place of the one before. Any thread. */
    public void plan(final PrefetchPlan newPlan) {
        synchronized (newObjects) {
            given = newPlan;
        }
        thread.wake();
    }

    /** A data object has come, of which everything is needed so far; it is read once there is a plan. Any thread. */
    public void onObject(final Epochs of, final long sequence, final int blocks) {
        synchronized (newObjects) {
            if (newObjects.size() == MAX_OBJECTS) {
                newObjects.removeFirst();
            }
            newObjects.addLast(new NewObject(of, sequence, blocks));
        }
        thread.wake();
    }

    /** Begins no read while it is held. Any thread. */
    public void hold(final boolean value) {
        isHeld = value;
    }

    /** The volume is served from now on, and no new objects come: it ends when the plan is done. Any thread. */
    public void onServed() {
        isServed = true;
        isHeld = false;
    }

    /** What it met that nobody foresaw, in one line, or null when there was nothing lately. Any thread. */
    public String unexpectedTrouble() {
        return isOver ? null : thread.trouble();
    }

    @Override
    public String roleName() {
        return "varve-" + name + "-prefetch";
    }

    @Override
    public int doWork() {
        int work = take();
        for (int i = reads.size() - 1; i >= 0; i--) {
            work += advance(reads.get(i));
        }
        if (!isHeld) {
            work += begin();
        }
        return work;
    }

    /** Ends its thread. Idempotent. */
    @Override
    public void close() {
        if (!isClosed) {
            isClosed = true;
            thread.close();
            closeView();
        }
    }

    private int take() {
        final PrefetchPlan taken;
        synchronized (newObjects) {
            taken = given;
            given = null;
        }
        if (taken == null) {
            return 0;
        }
        plan = taken;
        next = 0;
        failures = 0;
        use(plan.epochs());
        room = view.cache.roomForUnasked();
        begunNs = runtime.nanoTime();
        isTold = false;
        return 1;
    }

    private void use(final Epochs newEpochs) {
        if (view == null || view.epochs != newEpochs) {
            closeView();
            view = new View(
                    newEpochs,
                    VolumeCache.of(readCache, store.url(), newEpochs, keys, null),
                    new ObjectIndexes(store, newEpochs, keys));
        }
    }

    /** Reads of it that are under way still find what they need. */
    private void closeView() {
        if (view != null) {
            view.cache.close();
        }
    }

    private int begin() {
        if (isServed && !isServedKnown) {
            isServedKnown = true;
            notBeforeNs = runtime.nanoTime() + QUIET_NS;
        }
        int work = 0;
        while (reads.size() < MAX_READS && (!isServed || runtime.nanoTime() - notBeforeNs >= 0)) {
            if (!beginOne()) {
                break;
            }
            notBeforeNs = Math.max(runtime.nanoTime() - MAX_READS * PACE_NS, notBeforeNs) + PACE_NS;
            work++;
        }
        if (work == 0 && reads.isEmpty() && isDone()) {
            tell();
            if (isServed) {
                isOver = true;
                throw new AgentTerminationException(true);
            }
        }
        return work;
    }

    private boolean isDone() {
        synchronized (newObjects) {
            return given == null
                    && object == null
                    && newObjects.isEmpty()
                    && plan != null
                    && next == plan.lines().length;
        }
    }

    private void tell() {
        if (!isTold) {
            isTold = true;
            LOG.log(
                    Level.INFO,
                    "volume ''{0}'': what is hot where it comes from is in the read cache: {1} MiB were read, {2} ms",
                    name,
                    Long.toString(lines * CacheLine.LENGTH >> 20),
                    Long.toString((runtime.nanoTime() - begunNs) / 1_000_000));
        }
    }

    /** What is hot comes first, then what has come since, then what was written lately. */
    private boolean beginOne() {
        if (plan == null) {
            return false;
        }
        if (failures >= MAX_FAILURES || room <= 0) {
            next = plan.lines().length;
            forget();
            return false;
        }
        return next < plan.hot() && beginPlanned(plan.hot())
                || beginOfObject()
                || next >= plan.hot() && beginPlanned(plan.lines().length);
    }

    private void forget() {
        object = null;
        synchronized (newObjects) {
            newObjects.clear();
        }
    }

    private boolean beginPlanned(final int to) {
        final long[] planned = plan.lines();
        while (next < to && isCached(planned[next])) {
            next++;
        }
        if (next == to) {
            return false;
        }
        final int from = next++;
        while (next < to
                && next - from < Math.min(LINES_A_READ, room)
                && planned[next] == planned[next - 1] + 1
                && CacheLine.sequence(planned[next]) == CacheLine.sequence(planned[from])
                && !isCached(planned[next])) {
            next++;
        }
        begin(planned[from], next - from, from < plan.hot());
        return true;
    }

    private boolean beginOfObject() {
        if (object == null) {
            synchronized (newObjects) {
                object = newObjects.pollLast();
            }
            if (object == null) {
                return false;
            }
            nextOfObject = 0;
            use(object.epochs);
        }
        final int lineCount = (object.blocks + CacheLine.BLOCKS - 1) / CacheLine.BLOCKS;
        final int count = Math.min(Math.min(LINES_A_READ, room), lineCount - nextOfObject);
        if (count > 0) {
            begin(CacheLine.of(Location.inObject(object.sequence, nextOfObject * CacheLine.BLOCKS)), count, false);
        }
        nextOfObject += count;
        if (nextOfObject == lineCount) {
            object = null;
        }
        return count > 0;
    }

    private boolean isCached(final long line) {
        return view.cache.contains(CacheLine.location(line));
    }

    private void begin(final long line, final int count, final boolean isHot) {
        final SpanMemory free = memory.poll();
        final Read read =
                new Read(view, line, count, isHot, free != null ? free : new SpanMemory(SpanMemory.LARGE_BLOCKS));
        room -= count;
        read.index = woken(view.indexes.get(read.sequence()));
        reads.add(read);
    }

    private <T> CompletableFuture<T> woken(final CompletableFuture<T> future) {
        future.whenComplete((done, error) -> thread.wake());
        return future;
    }

    private int advance(final Read read) {
        try {
            if (read.data == null) {
                if (!read.index.isDone()) {
                    return 0;
                }
                request(read, read.index.get());
                return 1;
            }
            if (!read.data.isDone() || !cache(read, read.index.get(), read.data.get())) {
                return 0;
            }
            failures = 0;
        } catch (final ExecutionException e) {
            fail(read, e.getCause() instanceof CompletionException wrapped ? wrapped.getCause() : e.getCause());
        } catch (final FormatException e) {
            fail(read, e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        reads.remove(read);
        memory.push(read.memory);
        return 1;
    }

    private void request(final Read read, final ObjectIndex index) throws FormatException {
        read.end = Math.min(read.end, index.blockCount());
        if (read.end <= read.first) {
            throw new FormatException(read.key() + " has no data block " + read.first);
        }
        final int length = index.storedLength(read.first, read.end);
        read.stored = index.isPlain(read.first, read.end) ? read.memory.first(length) : read.memory.stored(length);
        read.data = woken(store.get(read.key(), index.offset(read.first), read.stored));
    }

    /** Hands a read's lines to the cache; false when it takes no more now. */
    private boolean cache(final Read read, final ObjectIndex index, final int bytes) throws FormatException {
        if (read.good == null) {
            read.good = new BitSet();
            final MemorySegment plain = read.memory.first((read.end - read.first) * Blocks.SIZE);
            reader.decode(index, read.first, read.end, read.stored.asSlice(0, bytes), plain, read.good);
        }
        while (read.cachedTo < read.end) {
            final int block = read.cachedTo;
            final int count = Math.min(CacheLine.BLOCKS, read.end - block);
            if (read.good.nextClearBit(block) < block + count) {
                throw new FormatException(read.key() + " is damaged near data block " + block);
            }
            final long location = Location.inObject(read.sequence(), block);
            if (!read.view.cache.contains(location)) {
                final long data = read.memory.address() + (long) (block - read.first) * Blocks.SIZE;
                final int touched = read.isHot ? CacheLine.mask(0, count) : 0;
                if (!read.view.cache.offer(location, count, touched, data, index.blockCrcs(), block)) {
                    return false;
                }
                lines++;
            }
            read.cachedTo += count;
        }
        return true;
    }

    private void fail(final Read read, final Throwable cause) {
        if (read.index.isCompletedExceptionally()) {
            read.view.indexes.forget(read.sequence());
        }
        failures++;
        LOG.log(
                cause instanceof NoSuchObjectException ? Level.TRACE : Level.DEBUG,
                "volume ''{0}'': not prefetched: {1}",
                name,
                cause.getMessage());
    }
}
