package io.varve.lsvd.hot;

import io.varve.lsvd.cache.ReadCache;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.HotSet;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.objects.EncryptedRecord;
import io.varve.lsvd.read.PrefetchPlan;
import io.varve.lsvd.read.Prefetcher;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.store.ForeignKeys;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Looks, beside following a volume, whether whoever has it has told what is hot there, and has a {@link Prefetcher} bring that,
 * and what is written from then on, into the read cache of this host. Never waits. Without a read cache it does nothing.
 *
 * <p>The follower's thread's until the volume is taken, and then the thread's that uploads: a migration may be over before it was
 * known what is hot.
 */
public final class HotSetFollower implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(HotSetFollower.class.getName());

    /** From one look into the store to the next. */
    private static final long PACE_NS = TimeUnit.MILLISECONDS.toNanos(500);

    /** How long nothing is asked for once the volume is here. */
    private static final long QUIET_NS = TimeUnit.MILLISECONDS.toNanos(200);

    private static final int FIRST_READ = 4096;

    private final ObjectStore store;
    private final VolumeKeys keys;
    private final UUID volume;
    private final String name;
    private final EngineRuntime runtime;
    private final Supplier<ReadCache> readCache;
    private MemorySegment memory = Arena.ofAuto().allocate(FIRST_READ, Long.BYTES);
    private CompletableFuture<List<StoredObject>> listing;
    private CompletableFuture<Integer> reading;
    private String key;
    private long epoch = -1;
    private long version;
    private long notBeforeNs;
    private HotScan scan;
    private boolean isInTheWay;
    private boolean isTaken;
    private boolean isAsked;
    private boolean isDone;
    private volatile boolean isEnding;
    private volatile Prefetcher prefetcher;

    /**
     * Makes one.
     *
     * @param keys      of the volume and its ancestors.
     * @param readCache gives the read cache, or null for none; asked by {@link #begin}.
     */
    public HotSetFollower(
            final ObjectStore store,
            final VolumeKeys keys,
            final UUID volume,
            final String name,
            final EngineRuntime runtime,
            final Supplier<ReadCache> readCache) {
        this.store = store;
        this.keys = keys;
        this.volume = volume;
        this.name = name;
        this.runtime = runtime;
        this.readCache = readCache;
        notBeforeNs = runtime.nanoTime();
    }

    /**
     * Begins to look, if it is time.
     *
     * @param history  of the volume, as far as it was followed.
     * @param isWanted whether somebody waits for the volume: then nothing is asked of the store, and nothing is done that takes long.
     */
    public void begin(final History history, final boolean isWanted) {
        isInTheWay = isWanted;
        if (prefetcher != null) {
            prefetcher.hold(isWanted);
        }
        if (!isWanted
                && scan == null
                && reading == null
                && listing == null
                && runtime.nanoTime() - notBeforeNs >= 0
                && readCache.get() != null) {
            notBeforeNs = runtime.nanoTime() + PACE_NS;
            ask(history.newest().epoch());
        }
    }

    /**
     * Goes on with what has been answered.
     *
     * @param history of the volume, as far as it was followed.
     * @return amount of work: while there is some, it is worth to look again soon.
     */
    public int proceed(final History history) {
        return isInTheWay ? 0 : proceed(history.map(), history.objects(), history.epochs());
    }

    private int proceed(final ExtentMap map, final ObjectTable objects, final Epochs epochs) {
        if (scan != null) {
            scan(map, objects, epochs);
            return 1;
        }
        return checkAnswer();
    }

    /** A data object has been read of which the map now names all blocks. */
    public void onObject(final History history, final long sequence, final int blocks) {
        if (prefetcher != null) {
            prefetcher.onObject(history.epochs(), sequence, blocks);
        }
    }

    /** The volume is about to be taken, as it has been followed: nothing is read until it is here. */
    public void onTaking(final History history) {
        isTaken = true;
        isDone = epoch < 0;
        if (epoch != history.newest().epoch()) {
            epoch = history.newest().epoch();
            version = 0;
        }
        if (prefetcher != null) {
            prefetcher.hold(true);
        }
    }

    /** The volume is here. */
    public void onTaken() {
        notBeforeNs = runtime.nanoTime() + QUIET_NS;
        if (prefetcher != null) {
            prefetcher.onServed();
        }
    }

    /**
     * Goes on with a volume that is here, with its map, objects and epochs: looks once more for what was told before. Returns an
     * amount of work.
     */
    public int doWork(final ExtentMap map, final ObjectTable objects, final Epochs epochs) {
        if (isDone || isEnding || runtime.nanoTime() - notBeforeNs < 0) {
            return 0;
        }
        if (scan != null || reading != null) {
            return proceed(map, objects, epochs);
        }
        listing = null;
        isDone = isAsked || readCache.get() == null;
        if (!isDone) {
            isAsked = true;
            ask(epoch);
        }
        return 1;
    }

    /** What the prefetcher met that nobody foresaw, in one line, or null. Any thread. */
    public String unexpectedTrouble() {
        final Prefetcher current = prefetcher;
        return current == null ? null : current.unexpectedTrouble();
    }

    /** The volume is about to end: nothing more is read. Any thread. */
    public void end() {
        isEnding = true;
        if (prefetcher != null) {
            prefetcher.hold(true);
        }
    }

    private void ask(final long newest) {
        if (epoch < 0) {
            epoch = newest;
            listing = store.list(Keys.hotSets(volume));
            return;
        }
        if (epoch != newest) {
            epoch = newest;
            version = 0;
        }
        key = Keys.hotSet(volume, epoch, version + 1);
        reading = store.get(key, 0, memory);
    }

    private int checkAnswer() {
        try {
            if (listing != null && listing.isDone()) {
                final List<StoredObject> found = ForeignKeys.without(listing.get());
                listing = null;
                onListed(found);
                return 0;
            }
            if (reading != null && reading.isDone()) {
                final int length = reading.get();
                reading = null;
                onRead(memory.asSlice(0, length));
                return 1;
            }
        } catch (final ExecutionException e) {
            if (!(e.getCause() instanceof NoSuchObjectException)) {
                LOG.log(
                        Level.DEBUG,
                        "volume {0}: what is hot can''t be read: {1}",
                        volume,
                        e.getCause().getMessage());
            }
            listing = null;
            reading = null;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return 0;
    }

    /** One that was told before this host looked counts as well, if it is of the newest epoch. */
    private void onListed(final List<StoredObject> found) {
        for (final StoredObject object : found) {
            if (object.key().startsWith(Keys.hotSets(volume, epoch))) {
                version = Math.max(version, Keys.lastNumber(object.key()) - 1);
            }
        }
        notBeforeNs = runtime.nanoTime();
    }

    private MemorySegment plain(final MemorySegment bytes) throws FormatException {
        return keys.own() == null
                ? bytes
                : EncryptedRecord.decrypt(key, keys.own(), EncryptedRecord.identity(volume, epoch, version), bytes);
    }

    private void onRead(final MemorySegment bytes) {
        final int length = HotSet.length(bytes);
        if (length > bytes.byteSize() && length > memory.byteSize()) {
            memory = Arena.ofAuto().allocate(length, Long.BYTES);
            reading = store.get(key, 0, memory);
            return;
        }
        memory = memory.byteSize() == FIRST_READ ? memory : Arena.ofAuto().allocate(FIRST_READ, Long.BYTES);
        version++;
        try {
            scan = new HotScan(HotSet.decode(key, plain(bytes), volume, epoch));
            startPrefetcher();
        } catch (final FormatException e) {
            LOG.log(Level.WARNING, "volume ''{0}'': {1}; nothing is prefetched", name, e.getMessage());
        }
    }

    /** Behind the taking there may be one that has ended, or is about to. */
    private void startPrefetcher() {
        if (prefetcher != null && isTaken) {
            prefetcher.close();
            prefetcher = null;
        }
        if (prefetcher == null) {
            prefetcher = Prefetcher.start(store, keys, name, readCache.get(), runtime);
        }
    }

    private void scan(final ExtentMap map, final ObjectTable objects, final Epochs epochs) {
        if (!scan.step(map, objects)) {
            return;
        }
        final long[] hot = scan.hot();
        final long[] recent = scan.recent();
        scan = null;
        final long[] lines = new long[hot.length + recent.length];
        System.arraycopy(hot, 0, lines, 0, hot.length);
        System.arraycopy(recent, 0, lines, hot.length, recent.length);
        prefetcher.plan(new PrefetchPlan(epochs, lines, hot.length));
        if (isTaken) {
            prefetcher.onServed();
        }
    }

    /** Ends what is under way; the threads that call anything else must have ended. Idempotent. */
    @Override
    public void close() {
        if (prefetcher != null) {
            prefetcher.close();
        }
    }
}
