package io.varve.lsvd.cache;

import io.varve.linux.IoRing;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.history.Epochs;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * A volume's view of the read cache. The first half belongs to the volume's reactor, allocates nothing and waits for nothing; the
 * second to its fetcher.
 */
public final class VolumeCache {
    private static final System.Logger LOG = System.getLogger(VolumeCache.class.getName());
    private static final long TELL_NS = TimeUnit.MINUTES.toNanos(1);

    private static final int HITS = 0;
    private static final int HIT_BYTES = 1;
    private static final int MISSES = 2;
    private static final int DAMAGED = 3;
    private static final int COUNTERS = 4;

    private final ReadCache cache;
    private final CacheKeys keys;
    private final ObjectTags tags;
    private final CacheReader reader;
    private final LineCiphers ciphers;

    /** Of all threads but the reactor, one at a time. */
    private final LineCiphers ciphersOfOthers;

    private final CacheTable.Found found = new CacheTable.Found();
    private final CacheTable.Found foundByFetcher = new CacheTable.Found();
    private Runnable wakeFetcher = () -> {};
    private final AtomicLongArray counters = new AtomicLongArray(COUNTERS);
    private final List<VolumeCache> views = new CopyOnWriteArrayList<>();
    private volatile boolean isWaitingForRoom;
    private long toldAtNs;

    /**
     * Makes a view.
     *
     * @param epochs of all objects that are looked for.
     * @param keys   of the volumes that they belong to.
     * @param ring   the reactor's; null for the second half only.
     */
    public static VolumeCache of(
            final ReadCache cache,
            final String storeUrl,
            final Epochs epochs,
            final VolumeKeys keys,
            final IoRing ring) {
        final CacheKeys cacheKeys = CacheKeys.of(keys, cache);
        return new VolumeCache(cache, cacheKeys, ObjectTags.of(storeUrl, epochs, cacheKeys), ring);
    }

    /** Makes a view that has keys, or {@link CacheKeys#NONE} when they are another one's; it closes its own. */
    VolumeCache(final ReadCache cache, final CacheKeys keys, final ObjectTags tags, final IoRing ring) {
        this.cache = cache;
        this.keys = keys;
        this.tags = tags;
        this.reader = cache.file().reader(ring);
        ciphers = new LineCiphers(tags);
        ciphersOfOthers = new LineCiphers(tags);
    }

    /**
     * Makes another view for the thread of another ring, which may use its first half; what it does is counted here too. Called on that
     * thread, which closes it while this one is open.
     */
    public VolumeCache view(final IoRing other) {
        final VolumeCache view = new VolumeCache(cache, CacheKeys.NONE, tags, other);
        views.add(view);
        return view;
    }

    /** Sets who is told of reads. */
    public void listener(final CacheReader.Listener listener) {
        reader.listener(listener);
    }

    /**
     * Looks a data block of an object up. What was found is told by {@link #slot}, {@link #version} and {@link #run} until the
     * next call.
     */
    public boolean find(final long location) {
        return find(location, found) && CacheLine.place(location) < found.count;
    }

    /** The slot that was found. */
    public int slot() {
        return found.slot;
    }

    /** The version of what was found in it. */
    public long version() {
        return found.version;
    }

    /** Number of blocks that stand in the slot from the one on that was looked up. */
    public int run(final long location) {
        return found.count - CacheLine.place(location);
    }

    /** Begins to read blocks of a slot into private memory. */
    public void read(final int slot, final long location, final int blocks, final long address, final long token) {
        final int place = CacheLine.place(location);
        reader.read(
                cache.geometry().slotOffset(slot) + (long) place * Blocks.SIZE, address, blocks * Blocks.SIZE, token);
    }

    /**
     * Judges what has been read: it counts when its checksums match and the slot still holds what was found in it. A slot that
     * does and whose bytes don't match is not found any more. What counts is plain from then on.
     *
     * @param address  of what has been read.
     * @param result   what the read answered.
     * @param checksum of the memory that was read into.
     */
    public boolean accept(
            final int slot,
            final long version,
            final long location,
            final int blocks,
            final int result,
            final long address,
            final Checksum checksum) {
        final int place = CacheLine.place(location);
        final CacheTable table = cache.table();
        boolean isGood = result == blocks * Blocks.SIZE;
        for (int i = 0; i < blocks && isGood; i++) {
            isGood = checksum.of(i * Blocks.SIZE, Blocks.SIZE) == table.crc(slot, place + i);
        }
        if (!table.isStill(slot, version)) {
            return false;
        }
        if (!isGood) {
            table.distrust(slot);
            onDamaged(slot, result);
            return false;
        }
        ciphers.decrypt(location, blocks, address);
        table.touch(slot, CacheLine.mask(place, blocks));
        count(HITS, 1);
        count(HIT_BYTES, (long) blocks * Blocks.SIZE);
        return true;
    }

    /** Something has to be read from the store. */
    public void onMiss() {
        count(MISSES, 1);
    }

    /** One thread counts, and others read. */
    private void count(final int counter, final long value) {
        counters.setRelease(counter, counters.getPlain(counter) + value);
    }

    private long counted(final int counter) {
        long sum = counters.getAcquire(counter);
        for (final VolumeCache view : views) {
            sum += view.counted(counter);
        }
        return sum;
    }

    private void onDamaged(final int slot, final int result) {
        final long nowNs = System.nanoTime();
        count(DAMAGED, 1);
        final long damaged = counters.getPlain(DAMAGED);
        if (damaged == 1 || nowNs - toldAtNs >= TELL_NS) {
            toldAtNs = nowNs;
            LOG.log(
                    Level.WARNING,
                    "the read cache {0} is damaged at {1} ({2}); the store is read instead, {3} times so far",
                    cache.name(),
                    Long.toString(cache.geometry().slotOffset(slot)),
                    result < 0 ? "errno " + -result : "wrong checksum",
                    Long.toString(damaged));
        }
    }

    /** What the cache has done for the volume, for whatever view. Any thread. */
    public VolumeCacheStats volumeStats() {
        return new VolumeCacheStats(counted(HITS), counted(HIT_BYTES), counted(MISSES), counted(DAMAGED));
    }

    /** Whether a line is in the cache. Fetcher only. */
    public boolean contains(final long location) {
        return find(location, foundByFetcher);
    }

    /** Number of data blocks in a row, from a location on, that are in the cache; at most so many. Any thread but a reactor. */
    public int cachedRun(final long location, final int blocks) {
        final CacheTable.Found here = new CacheTable.Found();
        int done = 0;
        while (done < blocks && find(location + done, here) && CacheLine.place(location + done) < here.count) {
            done += Math.min(here.count - CacheLine.place(location + done), blocks - done);
        }
        return done;
    }

    /**
     * Hands a verified line over. Any thread but a reactor.
     *
     * @param location of its first block.
     * @param count    of its blocks.
     * @param touched  places in it that a guest has asked for, as bits.
     * @param data     native address of its blocks.
     * @param crcs     CRC32C of the object's data blocks, of plain data.
     * @param block    index of the line's first in {@code crcs}.
     * @return false when too many lines are on their way: the fetcher is woken when there is room.
     */
    public boolean offer(
            final long location,
            final int count,
            final int touched,
            final long data,
            final int[] crcs,
            final int block) {
        final int tag = tags.indexOf(CacheLine.sequence(CacheLine.of(location)));
        final Fill fill = tag < 0 ? null : takeFill();
        if (fill == null) {
            return false;
        }
        fill.set(tags.high(tag), tags.low(tag), CacheLine.of(location), count, touched, data);
        for (int i = 0; i < count; i++) {
            fill.crc(i, crcs[block + i]);
        }
        synchronized (ciphersOfOthers) {
            ciphersOfOthers.encrypt(tag, fill);
        }
        cache.put(fill);
        return true;
    }

    /** Looks once more after having said that it waits, so that no room is missed. */
    private Fill takeFill() {
        final Fill fill = cache.takeFill();
        if (fill != null) {
            return fill;
        }
        isWaitingForRoom = true;
        return cache.takeFill();
    }

    /** Sets how the fetcher is woken when lines are taken again that were not. */
    public void onRoom(final Runnable wake) {
        wakeFetcher = wake;
        cache.volumes().add(this);
    }

    /** There is room for lines again. The cache's agent only. */
    void onRoom() {
        if (isWaitingForRoom) {
            isWaitingForRoom = false;
            wakeFetcher.run();
        }
    }

    /** Nothing more is handed over. */
    public void close() {
        cache.volumes().remove(this);
        reader.close();
        keys.close();
    }

    /** Whether it is worth to wait until a line is taken: while none has to be given up for it. Any thread. */
    public boolean hasRoom() {
        return !cache.isFull();
    }

    /** A line could not be handed over for too long, and is given up. Fetcher only. */
    public void onDropped() {
        cache.onDropped();
    }

    /**
     * Copies data blocks of one object, verified, if all of them are in the cache, and waits for that. It counts neither as a hit
     * nor as a miss. Any thread but a reactor.
     *
     * @param location of the first.
     * @param target   as long as they are, aligned to blocks; its contents are undefined when they are not all here.
     */
    public boolean copy(final long location, final MemorySegment target) {
        final CacheTable.Found here = new CacheTable.Found();
        final Checksum checksum = new Checksum(target);
        final int blocks = (int) (target.byteSize() >>> Blocks.SHIFT);
        int done = 0;
        while (done < blocks && find(location + done, here) && CacheLine.place(location + done) < here.count) {
            final int count = Math.min(here.count - CacheLine.place(location + done), blocks - done);
            if (!copy(here, location + done, count, target, done, checksum)) {
                return false;
            }
            done += count;
        }
        return done == blocks;
    }

    private boolean copy(
            final CacheTable.Found here,
            final long location,
            final int count,
            final MemorySegment target,
            final int at,
            final Checksum checksum) {
        final int place = CacheLine.place(location);
        try {
            cache.file()
                    .read(
                            cache.geometry().slotOffset(here.slot) + (long) place * Blocks.SIZE,
                            target.asSlice((long) at * Blocks.SIZE, (long) count * Blocks.SIZE));
        } catch (final IOException e) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            if (checksum.of((at + i) * Blocks.SIZE, Blocks.SIZE)
                    != cache.table().crc(here.slot, place + i)) {
                return false;
            }
        }
        if (!cache.table().isStill(here.slot, here.version)) {
            return false;
        }
        synchronized (ciphersOfOthers) {
            ciphersOfOthers.decrypt(location, count, target.address() + (long) at * Blocks.SIZE);
        }
        return true;
    }

    /** Bytes of the volume's objects in the cache, its ancestors' included. Any thread; looks at every epoch. */
    public long cachedBytes() {
        long blocks = 0;
        for (int i = 0; i < tags.count(); i++) {
            blocks += cache.blocksOf(new UUID(tags.high(i), tags.low(i)));
        }
        return blocks * Blocks.SIZE;
    }

    /** Receives lines of a volume that are in the cache. */
    @FunctionalInterface
    public interface LineListener {
        /**
         * A line is there.
         *
         * @param line its number.
         * @param heat the greater, the hotter; from 0 up to, and without, {@link #HEATS}.
         */
        void onLine(long line, int heat);
    }

    /** Number of degrees by which lines are told apart: see {@link LineListener}. */
    public static final int HEATS = CacheTable.HEATS;

    /** Number of lines that the cache can hold. */
    public int slots() {
        return cache.geometry().slots();
    }

    /**
     * Tells the lines of the volume, its ancestors' included, that some slots hold. What changes meanwhile may be missed, or be
     * told twice. Any thread.
     *
     * @param from first slot.
     * @param to   behind the last, at most {@link #slots()}.
     */
    public void lines(final int from, final int to, final LineListener listener) {
        final CacheTable.Held held = new CacheTable.Held();
        for (int slot = from; slot < to; slot++) {
            if (cache.table().read(slot, held)) {
                final int tag = tags.indexOf(CacheLine.sequence(held.line));
                if (tag >= 0 && tags.high(tag) == held.tagHigh && tags.low(tag) == held.tagLow) {
                    listener.onLine(held.line, held.heat);
                }
            }
        }
    }

    /**
     * How many lines may be put in that nobody has asked for: as many as there is room for, and no more than what is new may
     * take of a cache that is full. Any thread.
     */
    public int roomForUnasked() {
        return cache.roomForUnasked();
    }

    /** Figures of the whole cache. Any thread. */
    public CacheStats stats() {
        return cache.stats();
    }

    private boolean find(final long location, final CacheTable.Found result) {
        final long line = CacheLine.of(location);
        final int tag = tags.indexOf(CacheLine.sequence(line));
        return tag >= 0 && cache.table().find(tags.high(tag), tags.low(tag), line, result);
    }
}
