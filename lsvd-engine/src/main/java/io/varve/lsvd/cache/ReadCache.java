package io.varve.lsvd.cache;

import io.varve.linux.ErrnoException;
import io.varve.lsvd.crypto.SectorKey;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.runtime.EngineRuntime;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.ManyToManyConcurrentArrayQueue;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/**
 * The read cache of a process: one file, one agent that writes it, and {@link VolumeCache} for each volume that reads it.
 * Volumes hand over lines that they have fetched and verified, at most 256 at a time; when the disk does not keep
 * up, volumes wait a little while the cache has room, and else drop them. When it fails, nothing is put in for {@value #PAUSE_S} seconds, and what is there goes on to be read.
 */
public final class ReadCache implements Agent, AutoCloseable {
    /** Least size of a cache in bytes. */
    public static final long MIN_SIZE = 1L << 20;

    /** Greatest number of lines that are written at once. */
    private static final int BATCH = 16;

    private static final int NO_SLOT = -2;

    /** Share of the slots that is given up at once, and most slots at once. */
    private static final int EVICTION_PART = 16;

    private static final int MAX_EVICTIONS = 1024;
    private static final int PAUSE_S = 10;
    private static final long PAUSE_NS = TimeUnit.SECONDS.toNanos(PAUSE_S);

    /** How long a change of the index stays unwritten at most. */
    private static final long COMMIT_NS = TimeUnit.SECONDS.toNanos(5);

    private static final System.Logger LOG = System.getLogger(ReadCache.class.getName());

    private final CacheFile file;
    private final EngineRuntime runtime;
    private final CacheGeometry geometry;
    private final CacheTable table;
    private final Replacement replacement;
    private final IndexFile index;
    private final SlotQueue freeSlots;
    private final SlotQueue givenUp;
    private final CacheTable.Found found = new CacheTable.Found();
    private final FillPool pool = new FillPool(new ManyToManyConcurrentArrayQueue<>(FillPool.SIZE));
    private final ManyToOneConcurrentArrayQueue<Fill> fills = new ManyToOneConcurrentArrayQueue<>(FillPool.SIZE);
    private final Map<UUID, AtomicLong> blocksOfTag = new ConcurrentHashMap<>();
    private final AtomicLong dropped = new AtomicLong();
    private final List<Fill> batch = new ArrayList<>(BATCH);
    private final MemorySegment lines = Arena.ofAuto().allocate((long) BATCH * CacheLine.LENGTH, Blocks.SIZE);
    private final List<VolumeCache> volumes = new CopyOnWriteArrayList<>();
    private int unusedSlot;
    private long dirtySinceNs;

    /** When the agent's step began. */
    private long nowNs;

    private long pausedUntilNs;
    private EngineRuntime.Handle thread;
    private boolean isClosed;
    private volatile long filled;
    private volatile long evictions;
    private volatile int slotsInUse;
    private volatile boolean isFull;
    private volatile String trouble;

    private ReadCache(final CacheFile file, final CacheGeometry geometry, final EngineRuntime runtime)
            throws IOException {
        this.file = file;
        this.geometry = geometry;
        this.runtime = runtime;
        table = new CacheTable(geometry.slots());
        try {
            replacement = new Replacement(table, geometry.slots());
        } catch (final ErrnoException e) {
            table.close();
            throw e;
        }
        index = new IndexFile(file, geometry, table);
        freeSlots = new SlotQueue(table);
        givenUp = new SlotQueue(table);
    }

    /**
     * Opens the cache in a file and starts its agent. What the file holds is kept if it was made for the same size; else it is
     * formatted, and takes less than was asked for where the disk has little room. Owns the file from then on.
     *
     * @param sizeBytes how much of the disk to take, at least {@link #MIN_SIZE}.
     * @throws IOException when the file can't be used; it is closed then.
     */
    public static ReadCache open(final CacheFile file, final long sizeBytes, final EngineRuntime runtime)
            throws IOException {
        ReadCache cache = null;
        try {
            CacheGeometry geometry = geometryOf(file, sizeBytes);
            final boolean isNew = geometry == null;
            if (isNew) {
                geometry = format(file, sizeBytes, runtime);
            }
            cache = new ReadCache(file, geometry, runtime);
            if (!isNew) {
                cache.load();
            }
            cache.thread = runtime.start(cache);
            return cache;
        } catch (final IOException | RuntimeException e) {
            if (cache != null) {
                cache.freeMemory();
            }
            file.close();
            throw e;
        }
    }

    private static CacheGeometry geometryOf(final CacheFile file, final long sizeBytes) throws IOException {
        if (file.length() < Blocks.SIZE) {
            return null;
        }
        final MemorySegment block = Arena.ofAuto().allocate(Blocks.SIZE, Blocks.SIZE);
        file.read(0, block);
        final CacheGeometry geometry = CacheGeometry.decode(block);
        return geometry != null && geometry.asked() == sizeBytes && geometry.fileLength() <= file.length()
                ? geometry
                : null;
    }

    private static CacheGeometry format(final CacheFile file, final long sizeBytes, final EngineRuntime runtime)
            throws IOException {
        final long length = Math.min(sizeBytes, file.room());
        if (length < MIN_SIZE) {
            throw new IOException("there is no room for it on the disk");
        }
        final CacheGeometry geometry = CacheGeometry.fitting(
                sizeBytes, length, runtime.randomUuid().getLeastSignificantBits(), drawSalt(runtime));
        file.format(geometry.fileLength());
        final MemorySegment block = Arena.ofAuto().allocate(Blocks.SIZE, Blocks.SIZE);
        geometry.encode(block);
        file.write(0, block);
        if (length < sizeBytes) {
            LOG.log(
                    Level.WARNING,
                    "the read cache {0} takes {1} MiB only, half of what is free on the disk",
                    file.name(),
                    length >> 20);
        }
        return geometry;
    }

    private static byte[] drawSalt(final EngineRuntime runtime) {
        final ByteBuffer salt = ByteBuffer.allocate(SectorKey.SALT_LENGTH);
        while (salt.hasRemaining()) {
            final UUID drawn = runtime.randomUuid();
            salt.putLong(drawn.getMostSignificantBits()).putLong(drawn.getLeastSignificantBits());
        }
        return salt.array();
    }

    private void load() throws IOException {
        index.load(slot -> {
            replacement.enter(slot, table.queue(slot));
            count(slot, 1);
            for (; unusedSlot < slot; unusedSlot++) {
                freeSlots.add(unusedSlot);
            }
            unusedSlot = slot + 1;
        });
        slotsInUse = replacement.size();
    }

    /** Live figures. Any thread. */
    public CacheStats stats() {
        return new CacheStats(
                (long) geometry.slots() * CacheLine.LENGTH,
                (long) slotsInUse * CacheLine.LENGTH,
                filled,
                evictions,
                dropped.get(),
                trouble != null || thread == null ? trouble : thread.trouble());
    }

    /** Where the cache is, for messages. */
    public String name() {
        return file.name();
    }

    /** What the keys of encrypted lines are derived with. */
    byte[] salt() {
        return geometry.salt().clone();
    }

    CacheFile file() {
        return file;
    }

    CacheTable table() {
        return table;
    }

    CacheGeometry geometry() {
        return geometry;
    }

    /** Volumes that want to be told of room for lines. */
    List<VolumeCache> volumes() {
        return volumes;
    }

    /** Blocks of an object's data in the cache, by the object's tag. Any thread. */
    long blocksOf(final UUID tag) {
        final AtomicLong count = blocksOfTag.get(tag);
        return count == null ? 0 : count.get();
    }

    /** Something to carry a line in, or null when too many are on their way. Any thread but reactors. */
    Fill takeFill() {
        return pool.take();
    }

    /** Hands a line over. */
    void put(final Fill fill) {
        fills.add(fill);
        thread.wake();
    }

    /** Whether lines have had to be given up for others. Any thread. */
    boolean isFull() {
        return isFull;
    }

    /** Slots that are free, or those of the small queue where there are fewer. Any thread. */
    int roomForUnasked() {
        return Math.max(geometry.slots() - slotsInUse, Replacement.smallTarget(geometry.slots()));
    }

    /** A line was given up because none could be carried for too long. */
    void onDropped() {
        dropped.incrementAndGet();
    }

    @Override
    public String roleName() {
        return "varve-cache";
    }

    @Override
    public int doWork() {
        nowNs = runtime.nanoTime();
        pool.offerAgain();
        if (fills.drainTo(batch, BATCH) > 0) {
            final int work = batch.size();
            try {
                fillAll();
            } finally {
                freeUnused();
                pool.giveBack(batch);
                batch.clear();
            }
            for (final VolumeCache volume : volumes) {
                volume.onRoom();
            }
            return work;
        }
        if (index.isDirty() && nowNs - dirtySinceNs >= COMMIT_NS && !isPaused()) {
            attempt(this::commit);
            return 1;
        }
        return 0;
    }

    /** Puts away what has been handed over, and makes the index durable. On the agent's thread. */
    @Override
    public void onClose() {
        while (doWork() > 0 && !isPaused()) {
            // Until nothing waits.
        }
        if (index.isDirty() && !isPaused()) {
            attempt(this::commit);
        }
    }

    /** Ends the agent and gives file and memory back; no volume may use the cache any more. Idempotent. */
    @Override
    public void close() {
        if (!isClosed) {
            thread.close();
            closeQuietly();
        }
    }

    /** As {@link #close()}, but without a last word to the file, as a crash would have it. */
    public void closeQuietly() {
        if (!isClosed) {
            isClosed = true;
            file.close();
            freeMemory();
        }
    }

    private void freeMemory() {
        replacement.close();
        table.close();
    }

    /** Puts lines away, those that go to slots in a row by one write. */
    private void fillAll() {
        for (final Fill fill : batch) {
            fill.slot = NO_SLOT;
        }
        for (final Fill fill : batch) {
            final boolean isThere = table.find(fill.tagHigh, fill.tagLow, fill.line, found);
            fill.slot = isThere || isPaused() ? NO_SLOT : takeSlot();
            if (fill.slot == NO_SLOT && !isThere) {
                dropped.incrementAndGet();
            }
        }
        int from = 0;
        while (from < batch.size()) {
            int to = from + 1;
            while (to < batch.size() && batch.get(to).slot == batch.get(to - 1).slot + 1) {
                to++;
            }
            if (batch.get(from).slot != NO_SLOT) {
                store(batch.subList(from, to));
            }
            from = to;
        }
    }

    private int takeSlot() {
        if (freeSlots.size() == 0 && unusedSlot == geometry.slots()) {
            attempt(this::makeRoom);
        }
        if (freeSlots.size() > 0) {
            return freeSlots.remove();
        }
        return unusedSlot < geometry.slots() ? unusedSlot++ : NO_SLOT;
    }

    private void store(final List<Fill> run) {
        for (int i = 0; i < run.size(); i++) {
            final Fill fill = run.get(i);
            MemorySegment.copy(fill.data, 0, lines, (long) i * CacheLine.LENGTH, (long) fill.count * Blocks.SIZE);
        }
        final long length = (run.size() - 1L) * CacheLine.LENGTH + (long) run.getLast().count * Blocks.SIZE;
        if (attempt(() -> file.write(geometry.slotOffset(run.getFirst().slot), lines.asSlice(0, length)))) {
            run.forEach(this::enter);
        } else {
            dropped.addAndGet(run.size());
        }
    }

    /** Slots that nothing has come to be in are free again, whatever has happened. */
    private void freeUnused() {
        for (final Fill fill : batch) {
            if (fill.slot != NO_SLOT) {
                freeSlots.add(fill.slot);
            }
        }
    }

    private void enter(final Fill fill) {
        if (table.find(fill.tagHigh, fill.tagLow, fill.line, found)) {
            return;
        }
        final int slot = fill.slot;
        table.insert(slot, fill.tagHigh, fill.tagLow, fill.line, fill.count, fill.touched, fill.crcs.address());
        fill.slot = NO_SLOT;
        replacement.onFilled(slot);
        changed(slot);
        count(slot, 1);
        slotsInUse = replacement.size();
        filled++;
    }

    /** Something that may fail. */
    @FunctionalInterface
    private interface Attempt {
        void run() throws IOException;
    }

    private boolean attempt(final Attempt attempt) {
        try {
            attempt.run();
            if (trouble != null) {
                trouble = null;
                LOG.log(Level.INFO, "the read cache {0} is well again", file.name());
            }
            return true;
        } catch (final IOException e) {
            pausedUntilNs = runtime.nanoTime() + PAUSE_NS;
            if (trouble == null) {
                LOG.log(
                        Level.WARNING,
                        "the read cache {0} fails and takes nothing new for now: {1}",
                        file.name(),
                        e.getMessage());
            }
            trouble = e.getMessage();
            return false;
        }
    }

    private boolean isPaused() {
        return trouble != null && runtime.nanoTime() - pausedUntilNs < 0;
    }

    /** Gives lines up, if there are any that are not just being put in; their slots are free once the file's index does not name them any more. */
    private void makeRoom() throws IOException {
        isFull = true;
        if (givenUp.size() == 0) {
            final int wanted =
                    Math.min(replacement.size(), Math.clamp(geometry.slots() / EVICTION_PART, 1, MAX_EVICTIONS));
            for (int i = 0; i < wanted; i++) {
                final int slot = replacement.evict(this::changed);
                changed(slot);
                table.remove(slot);
                givenUp.add(slot);
                count(slot, -1);
            }
            evictions += wanted;
            slotsInUse = replacement.size();
        }
        commit();
    }

    private void commit() throws IOException {
        index.commit();
        freeSlots.takeAll(givenUp);
    }

    private void changed(final int slot) {
        if (!index.isDirty()) {
            dirtySinceNs = nowNs;
        }
        index.changed(slot);
    }

    private void count(final int slot, final int sign) {
        final UUID tag = new UUID(table.tagHigh(slot), table.tagLow(slot));
        final long delta = (long) sign * table.count(slot);
        if (blocksOfTag.computeIfAbsent(tag, key -> new AtomicLong()).addAndGet(delta) == 0) {
            blocksOfTag.remove(tag);
        }
    }
}
