package io.varve.lsvd;

import io.varve.linux.IoRing;
import io.varve.linux.IoVec;
import io.varve.lsvd.PendingRequests.Kind;
import io.varve.lsvd.cache.VolumeCache;
import io.varve.lsvd.cache.VolumeCacheStats;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.destage.Batch;
import io.varve.lsvd.destage.BatchCutter;
import io.varve.lsvd.destage.Destager;
import io.varve.lsvd.destage.EpochProof;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Durability;
import io.varve.lsvd.format.SnapshotRecord;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.gc.SpaceStats;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.SettingsHistory;
import io.varve.lsvd.hot.HotSetFollower;
import io.varve.lsvd.log.DeviceLogSource;
import io.varve.lsvd.log.DirectoryLogStore;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogPreparer;
import io.varve.lsvd.log.LogWriter;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.MappedParts;
import io.varve.lsvd.read.Fetcher;
import io.varve.lsvd.read.LaneReads;
import io.varve.lsvd.read.ReadPath;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.WakingStore;
import io.varve.lsvd.stored.ObjectLayout;
import io.varve.lsvd.write.AcknowledgementGate;
import io.varve.lsvd.write.CollectedRelocation;
import io.varve.lsvd.write.LogMender;
import io.varve.lsvd.write.LogReclaimer;
import io.varve.lsvd.write.WritePath;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * An open volume: a disk whose writes go to a local log and from there, in batches, to immutable objects.
 *
 * <p>All methods belong to the reactor thread that drives the ring and calls {@link #doWork()}, except {@link #stats()} and
 * {@link #lane}.
 * Requests complete through their {@link VolumeCompletion}, at once or from within {@link #doWork()} or the ring's turn. A
 * completed write survives the death of the process; one before a completed flush survives the loss of power, and with
 * {@link Durability#STORE} the loss of the host.
 */
public final class Volume implements AutoCloseable {
    /**
     * Greatest number of requests that should be in flight: what waits takes memory, of which each request needs some hundred
     * bytes. See {@link #hasRoom}.
     */
    public static final int MAX_REQUESTS = 16 << 10;

    private static final System.Logger LOG = System.getLogger(Volume.class.getName());
    private static final long NEWS_DELAY_NS = 2_000_000;
    private static final long STATS_PERIOD_NS = 100_000_000;
    private static final long EDGE_TOKENS = 1L << 40;

    /** Discards may split extents beyond the bound on writes, up to so small a share of it: the checkpoint has that much room. */
    private static final int DISCARD_SHARE = 16;

    private final UUID uuid;
    private final String name;
    private final VolumeSettings settings;
    private final boolean isReadOnly;
    private final boolean isContinued;
    private final long maxExtents;
    private volatile long sizeBytes;
    private final VolumeKeys keys;
    private final Arena arena;
    private final ExtentMap map;
    private final VolumeCache cache;
    private final Fetcher fetcher;
    private final ReadPath reads;
    private final EngineRuntime.Handle fetcherThread;
    private final PendingRequests pending = new PendingRequests();
    private final Runnable wakeReactor;
    private final EngineRuntime runtime;
    private final HotSetFollower hot;

    private LogDevice device;
    private LogWriter log;
    private WritePath writes;
    private LogReclaimer reclaimer;
    private CollectedRelocation relocation;
    private LogPreparer preparer;
    private BatchCutter cutter;
    private AcknowledgementGate gate;
    private LogMender mender;
    private Destager destager;
    private EngineRuntime.Handle destagerThread;
    private Batch nextBatch;
    private long logLength;
    private long newsSinceNs;
    private boolean hasNews;
    private Shutdown shutdown = Shutdown.NONE;
    private boolean isHandOver;
    private boolean isHasty;
    private boolean isAbandoned;
    private boolean isWriteCache;
    private volatile String failure;
    private boolean isClosed;
    private long statsAtNs;
    private volatile VolumeStats stats;

    /** How far a shutdown has come. */
    private enum Shutdown {
        NONE,
        DRAINING,
        FLUSHING,
        SHIPPING,
        DONE
    }

    private Volume(
            final VolumeContext context,
            final UUID uuid,
            final VolumeSettings settings,
            final ExtentMap map,
            final Epochs epochs,
            final VolumeOpener.Opened opened,
            final Arena arena,
            final HotSetFollower hot,
            final VolumeKeys keys) {
        this.uuid = uuid;
        this.keys = keys;
        name = context.name();
        this.hot = hot;
        this.settings = settings;
        this.sizeBytes = settings.sizeBytes();
        this.isReadOnly = opened == null;
        this.maxExtents = context.maxExtents();
        this.isContinued = opened == null || opened.isContinued();
        this.isWriteCache = settings.writeCache();
        this.map = map;
        this.arena = arena;
        runtime = context.runtime();
        wakeReactor = context.wakeReactor();
        cache = context.readCache(epochs, keys);
        fetcher = new Fetcher(context.store(), context.name(), epochs, keys, cache, runtime::nanoTime, wakeReactor);
        if (opened == null) {
            reads = new ReadPath(map, null, null, null, null, cache, fetcher, arena, this::onRead);
        } else {
            device = opened.device();
            reads = new ReadPath(
                    map,
                    opened.geometry(),
                    opened.window(),
                    device,
                    opened.checksums(),
                    cache,
                    fetcher,
                    arena,
                    this::onRead);
            hot.onTaken();
            startWriting(context, opened);
        }
        fetcherThread = runtime.start(fetcher);
        fetcher.onWake(fetcherThread::wake);
        if (cache != null) {
            cache.onRoom(fetcherThread::wake);
        }
        updateStats();
    }

    /**
     * Opens a volume: locks and replays its log, and begins an epoch; or, read-only, follows what the store has now. Waits for
     * the store.
     *
     * @throws VolumeException one line for people that says why it cannot be opened and what to do.
     */
    public static Volume open(final VolumeContext context) throws VolumeException {
        if (context.isReadOnly() || context.snapshot() != null) {
            return openReadOnly(context);
        }
        final VolumeFollower follower = VolumeFollower.begin(context);
        follower.take();
        return follower.open();
    }

    /** A volume that was opened for writing; what is prefetched ends with it. */
    static Volume of(
            final VolumeContext context,
            final UUID uuid,
            final VolumeOpener.Opened opened,
            final Arena arena,
            final HotSetFollower hot,
            final VolumeKeys keys) {
        return new Volume(
                context, uuid, opened.epoch().settings(), opened.map(), opened.epochs(), opened, arena, hot, keys);
    }

    private static Volume openReadOnly(final VolumeContext context) throws VolumeException {
        final StoreClient plainStore = new StoreClient(context.store(), context.runtime(), context.storeTimeoutMs());
        final VolumeCatalog catalog = new VolumeCatalog(context.store(), context.runtime(), context.storeTimeoutMs());
        final UUID uuid = catalog.find(context.name());
        final Arena arena = Arena.ofShared();
        VolumeKeys keys = VolumeKeys.NONE;
        try {
            keys = new VolumeKeyring(plainStore).open(uuid, context.name());
            final StoreClient store = plainStore.withKeys(keys);
            if (context.snapshot() != null) {
                final Snapshot snapshot = catalog.snapshot(context.name(), context.snapshot());
                final History history = new HistoryReader(store, uuid)
                        .readSnapshot(snapshot.record().epoch(), snapshot.checkpoint());
                return readOnly(
                        context, uuid, VolumeSettings.ofSize(snapshot.record().sizeBytes()), history, arena, keys);
            }
            final History history = new HistoryReader(store, uuid, context.isDataLossAccepted()).read();
            final VolumeSettings settings = new SettingsHistory(store, uuid)
                    .newest(history.newest().settings())
                    .withWriteCache(history.covered().isWriteCache());
            return readOnly(context, uuid, settings, history, arena, keys);
        } catch (final VolumeException | RuntimeException e) {
            keys.close();
            arena.close();
            throw e;
        } catch (final IOException e) {
            keys.close();
            arena.close();
            throw new VolumeException("cannot open volume '" + context.name() + "': " + e.getMessage(), e);
        }
    }

    private static Volume readOnly(
            final VolumeContext context,
            final UUID uuid,
            final VolumeSettings settings,
            final History history,
            final Arena arena,
            final VolumeKeys keys) {
        history.changes().close();
        return new Volume(context, uuid, settings, history.map(), history.epochs(), null, arena, null, keys);
    }

    /** Whether a running process has a volume's log under a cache directory open. */
    public static boolean isInUse(final Path cacheDirectory, final UUID volume) throws IOException {
        return new DirectoryLogStore(cacheDirectory, volume, null).isInUse();
    }

    /** Whether a cache directory holds a volume's log. */
    public static boolean hasLog(final Path cacheDirectory, final UUID volume) {
        return new DirectoryLogStore(cacheDirectory, volume, null).exists();
    }

    /** Deletes a volume's logs under a cache directory, superseded ones, unsent records and all. */
    public static void deleteLog(final Path cacheDirectory, final UUID volume) throws IOException {
        new DirectoryLogStore(cacheDirectory, volume, null).deleteAll();
    }

    /** What is set for the volume. */
    public VolumeSettings settings() {
        return settings;
    }

    /** The volume's identity. */
    public UUID uuid() {
        return uuid;
    }

    /** Size in bytes. Any thread. */
    public long sizeBytes() {
        return sizeBytes;
    }

    /**
     * Makes the disk larger. What is new reads as zeros. The size has been set in the store before, by
     * {@link VolumeCatalog#grow}, so that whoever opens the volume next finds it.
     *
     * @param newSizeBytes a smaller one than now changes nothing.
     */
    public void grow(final long newSizeBytes) {
        sizeBytes = Math.max(sizeBytes, newSizeBytes);
    }

    /**
     * Whether it goes on where this host has left it: nobody else has written since to what the log here belongs to.
     */
    public boolean isContinued() {
        return isContinued;
    }

    /** Whether everything but reading is refused. */
    public boolean isReadOnly() {
        return isReadOnly;
    }

    /** Whether so many more requests may be made now. One that is made all the same is served. */
    public boolean hasRoom(final int requests) {
        return pending.count() + requests <= MAX_REQUESTS;
    }

    /** Fills buffers from an offset; both multiples of 512, within the volume. */
    public void read(final long offset, final IoVec buffers, final VolumeCompletion completion, final long token) {
        if (failure != null) {
            completion.onComplete(token, failureStatus());
            return;
        }
        reads.read(offset, buffers, pending.add(Kind.READ, completion, token));
    }

    /**
     * Tells which parts of a range hold data, by the map: what a clone shares with its ancestors does; what was never written, or was discarded,
     * does not. A bounded piece of work: see {@link MappedParts}.
     *
     * @return how that ended, as {@link VolumeCompletion} has it, with {@link VolumeCompletion#OK} alone if it counts.
     */
    public int parts(final long offset, final long length, final MappedParts.Listener listener) {
        if (failure != null) {
            return failureStatus();
        }
        MappedParts.tell(map, offset, length, listener);
        return VolumeCompletion.OK;
    }

    /**
     * Makes a second way to read, for the thread of another ring, on which this is called. It has to be closed there, sooner or later, and must
     * not be used any more when the volume is closed.
     */
    public LaneReads lane(final IoRing laneRing, final LaneReads.Listener listener) {
        return isReadOnly
                ? reads.lane(laneRing, () -> 0, () -> true, listener)
                : reads.lane(laneRing, reclaimer::oldestInUse, () -> failure == null && gate.isProven(), listener);
    }

    /**
     * Writes buffers at an offset.
     *
     * @param isDurable whether completion means durable.
     */
    public void write(
            final long offset,
            final IoVec buffers,
            final boolean isDurable,
            final VolumeCompletion completion,
            final long token) {
        if (isRefused(completion, token)) {
            return;
        }
        if (isFragmented()) {
            completion.onComplete(token, VolumeCompletion.NO_SPACE);
            return;
        }
        final Kind kind = isDurable ? Kind.DURABLE_WRITE : Kind.WRITE;
        writes.write(offset, buffers, isDurable, pending.add(kind, completion, token));
    }

    /** Completes when everything completed before is durable. */
    public void flush(final VolumeCompletion completion, final long token) {
        if (isReadOnly) {
            completion.onComplete(token, VolumeCompletion.OK);
        } else if (!isRefused(completion, token)) {
            if (isStoreDurable()) {
                cutter.hurry();
            }
            log.flush(pending.add(Kind.FLUSH, completion, token));
        }
    }

    /** Whether the guest has its write cache on, so that it expects writes to be durable only after a flush. */
    public boolean isWriteCache() {
        return isWriteCache;
    }

    /**
     * Turns the guest's write cache on or off: durable, with everything before, when it completes. How later writes are to be
     * acknowledged they say themselves.
     */
    public void writeCache(final boolean isOn, final VolumeCompletion completion, final long token) {
        if (!isRefused(completion, token)) {
            isWriteCache = isOn;
            writes.writeCache(isOn, pending.add(Kind.DURABLE_WRITE, completion, token));
        }
    }

    /**
     * Takes a snapshot: the volume as it stands between what has been acknowledged and what comes later. It is durable in the log
     * when it completes, and becomes a snapshot in the store once all before it is there; which is soon, since nothing waits for
     * its batch to fill.
     *
     * @param name      its name, which no other snapshot of the volume should have.
     * @param createdMs the time, in milliseconds since 1970.
     */
    public void snapshot(final String name, final long createdMs, final VolumeCompletion completion, final long token) {
        if (!isRefused(completion, token)) {
            writes.note(
                    new SnapshotRecord(name, 0, sizeBytes, createdMs, false).encode(),
                    pending.add(Kind.DURABLE_WRITE, completion, token));
        }
    }

    /** Makes a range read as zeros and gives its space back; see {@link #write}. */
    public void discard(
            final long offset,
            final long length,
            final boolean isDurable,
            final VolumeCompletion completion,
            final long token) {
        if (!isRefused(completion, token)) {
            // Each one in the middle of an extent makes two of it. Those that free something are wanted, so they may go
            // on for longer.
            if (map.extentCount() >= maxExtents + maxExtents / DISCARD_SHARE && isSplitting(offset, length)) {
                completion.onComplete(token, VolumeCompletion.NO_SPACE);
                return;
            }
            final Kind kind = isDurable ? Kind.DURABLE_WRITE : Kind.WRITE;
            writes.trim(offset, length, isDurable, pending.add(kind, completion, token));
        }
    }

    /**
     * Nobody waits for some requests any more: none of them is told and none of their buffers is touched from now on, and what waits to
     * be put into the log is never put there, since that could undo what comes later.
     *
     * @param which tells them by their completion.
     */
    public void cancel(final Predicate<VolumeCompletion> which) {
        pending.cancel(which);
        if (!isReadOnly) {
            writes.cancel(token -> pending.isCancelled((int) token));
        }
        reads.cancel(
                token -> (token & EDGE_TOKENS) != 0 ? writes.isEdgeCancelled(token) : pending.isCancelled((int) token));
    }

    /** What requests wait for now if that is the store, in words, or null. */
    public String waitsFor() {
        if (reads.waitsForStore()) {
            return describe("reads wait for the store", fetcher.trouble());
        }
        if (isReadOnly) {
            return null;
        }
        if (shutdown != Shutdown.NONE) {
            return describe("what is unsent is on its way to the store", destager.trouble());
        }
        if (!writes.isQuiet()) {
            return describe("writes wait for room in the log until the store has taken some of it", destager.trouble());
        }
        return gate.isQuiet() ? null : describe("answers wait for the store", destager.trouble());
    }

    private static String describe(final String what, final String trouble) {
        return trouble == null ? what : what + " (" + trouble + ")";
    }

    /** Advances the volume; returns an amount of work, 0 when it may idle for {@link #maxIdleNs()}. */
    public int doWork() {
        int work = reads.doWork();
        if (!isReadOnly) {
            work += writes.doWork();
            work += log.doWork();
            work += destage();
            work += gate.doWork();
            work += relocation.doWork();
            work += reclaimer.doWork();
            work += mender.doWork();
            work += shutdown == Shutdown.NONE ? preparer.doWork() : 0;
            tellNews();
            checkFailure();
        }
        if (shutdown != Shutdown.NONE && shutdown != Shutdown.DONE) {
            advanceShutdown();
        }
        refreshStats();
        return work;
    }

    /** How long the reactor may block when there is no work, in nanoseconds; {@link Long#MAX_VALUE} for ever. */
    public long maxIdleNs() {
        if (isReadOnly) {
            return Long.MAX_VALUE;
        }
        final long nowNs = runtime.nanoTime();
        final long newsNs = hasNews ? Math.max(0, newsSinceNs + NEWS_DELAY_NS - nowNs) : Long.MAX_VALUE;
        final long batchNs =
                nextBatch == null && !mustWaitForDestager() ? cutter.dueInNs(runtime.bootTimeNs()) : Long.MAX_VALUE;
        return Math.max(1, Math.min(Math.min(newsNs, batchNs), mender.dueInNs()));
    }

    /**
     * Puts a checkpoint into the store, so that nothing but the seal is left for a shutdown; or takes that back. The volume
     * is served as ever meanwhile. For a volume that is let go without need: behind the seal nobody can use it again without
     * the store, so the store should have taken something just before.
     */
    public void prepareShutdown(final boolean value) {
        if (!isReadOnly) {
            destager.prepareFinish(value);
            destagerThread.wake();
        }
    }

    /** Whether the store has taken that checkpoint, and holds everything. */
    public boolean isShutdownPrepared() {
        return isReadOnly || destager.isFinishPrepared() && isStored();
    }

    /**
     * Begins to shut down: what is accepted is finished, made durable and put into the store, with a checkpoint, and the epoch
     * is sealed. Go on with {@link #doWork()} until {@link #isShutDown()}.
     */
    public void shutdown() {
        if (shutdown == Shutdown.NONE) {
            shutdown = Shutdown.DRAINING;
            if (!isReadOnly) {
                hot.end();
            }
        }
    }

    /**
     * As {@link #shutdown()}, as fast as it goes, for another host that waits: without a checkpoint. Until {@link #isSealed()}, of a
     * volume that does not fail.
     */
    public void handOver() {
        if (!isReadOnly && shutdown == Shutdown.NONE) {
            isHandOver = true;
            cutter.cut();
        }
        shutdown();
    }

    /**
     * Keeps little unsent from now on, or not any more: what is written goes to the store after a few milliseconds, and garbage
     * collection waits. For a volume that is about to go to another host, which is told, through the store, what is hot here.
     */
    public void haste(final boolean value) {
        if (!isReadOnly) {
            if (value && !isHasty) {
                destager.publishHotSet(reclaimer.oldestStored(Long.MAX_VALUE));
            }
            isHasty = value;
            cutter.haste(value);
            destager.haste(value);
            destagerThread.wake();
        }
    }

    /** Whether the epoch has been ended by a shutdown, and everything is in the store. */
    public boolean isSealed() {
        return isReadOnly || destager.isSealed() && isStored();
    }

    /**
     * Gives up waiting for the store, in or before a shutdown: reads that need it and writes that wait for room in the log
     * fail; everything that was acknowledged is made durable in the log, and stays there.
     */
    public void abandonStore() {
        isAbandoned = true;
        fetcher.giveUp();
        if (!isReadOnly) {
            writes.failAll();
            if (log.isUnsure()) {
                log.fail(log.trouble());
            }
        }
    }

    /** Whether a shutdown is complete. */
    public boolean isShutDown() {
        return shutdown == Shutdown.DONE;
    }

    /** Why the volume serves nothing any more, in one line, or null. */
    public String failure() {
        return failure;
    }

    /** Whether everything that was acknowledged is in the store. */
    public boolean isStored() {
        return isReadOnly || log.lastDataSequence() <= gate.storedSequence();
    }

    /**
     * Copies, in the background, all that the volume shares with its ancestors into objects of its own: see {@link
     * io.varve.lsvd.gc.SpaceStats#isFlat()}. Any thread.
     */
    public void flatten() {
        if (!isReadOnly) {
            destager.collector().flatten();
        }
    }

    /** Whether all that is left to be copied by {@link #flatten()} is in objects that are missing or damaged. Any thread. */
    public boolean isFlattenStuck() {
        return !isReadOnly && destager.collector().isFlattenStuck();
    }

    /** Stops garbage collection after its current round, or lets it go on. Any thread. */
    public void pauseCollection(final boolean value) {
        if (!isReadOnly) {
            destager.collector().pause(value);
        }
    }

    /** What the volume takes of the store, as of its last object; null when it is read-only. Any thread. */
    public SpaceStats space() {
        return isReadOnly ? null : destager.space();
    }

    /** Live figures, as of a short while ago. Any thread. */
    public VolumeStats stats() {
        return stats;
    }

    /** Bytes of the volume's objects that are in the read cache. Any thread, until the volume is closed. */
    public long cachedBytes() {
        return cache == null ? 0 : cache.cachedBytes();
    }

    /**
     * Ends the volume's threads and frees its memory and its log. Nothing of it may be in flight in the ring: after a
     * shutdown, or once the ring has been closed. Memory that the store may still be filling is left to the process's end.
     * Idempotent.
     */
    @Override
    public void close() {
        close(reads.isQuiet());
    }

    /** As {@link #close()}, by a caller that knows that nothing of the volume is in flight in the store either. */
    public void closeQuietly() {
        close(true);
    }

    private void close(final boolean isMemoryFree) {
        if (isClosed) {
            return;
        }
        isClosed = true;
        fetcherThread.close();
        if (cache != null) {
            cache.close();
        }
        if (destagerThread != null) {
            destagerThread.close();
            hot.close();
        }
        if (device != null) {
            device.close();
            reclaimer.close();
        }
        map.close();
        keys.close();
        if (isMemoryFree) {
            arena.close();
        }
    }

    private void startWriting(final VolumeContext context, final VolumeOpener.Opened opened) {
        cutter = opened.cutter();
        logLength = opened.geometry().areaLength();
        final long oldestInUse = opened.superblock().current().tail().position();
        log = new LogWriter(
                opened.geometry(),
                device,
                opened.window(),
                opened.checksums(),
                uuid,
                opened.epoch().epoch(),
                opened.superblock().current().generation(),
                opened.end(),
                cutter.lastSequence(),
                oldestInUse,
                new LogEvents());
        writes = new WritePath(map, log, arena, EDGE_TOKENS, token -> pending.complete((int) token, failureStatus()));
        writes.reads(reads);
        reclaimer = new LogReclaimer(
                opened.geometry(), device, opened.superblock(), log, map, reads, oldestInUse, new Notes());
        reads.copies(reclaimer::turnToStore);
        preparer = new LogPreparer(opened.geometry(), device, log, opened.zeroed(), arena);
        final WakingStore store = new WakingStore(context.store());
        final EpochProof proof = new EpochProof(
                store,
                uuid,
                opened.epoch().epoch(),
                TimeUnit.MILLISECONDS.toNanos(settings.fenceTimeoutMs()),
                runtime::bootTimeNs,
                opened.begunNs());
        gate = new AcknowledgementGate(settings, cutter, proof, runtime::bootTimeNs, this::answer);
        mender = new LogMender(context.name(), log, cutter, gate, reclaimer, runtime::nanoTime);
        destager = new Destager(new Destager.Context(
                store,
                new DeviceLogSource(opened.geometry(), device, opened.window()),
                uuid,
                context.name(),
                opened.epoch().epoch(),
                opened.epoch().nonce(),
                opened.epochs(),
                opened.stored(),
                opened.epoch().firstSequence(),
                opened.covered(),
                opened.checkpoints(),
                opened.changes(),
                opened.objects(),
                cache,
                context.gcPolicy(),
                settings.compression(),
                keys,
                this::sizeBytes,
                context.checkpointInterval(),
                runtime::bootTimeNs,
                runtime.randomUuid().getLeastSignificantBits(),
                proof,
                hot,
                wakeReactor));
        relocation = new CollectedRelocation(map, reclaimer, destager::relocatedThrough);
        destagerThread = runtime.startInBackground(destager);
        store.onAnswer(destagerThread::wake);
    }

    private boolean isRefused(final VolumeCompletion completion, final long token) {
        final boolean isRefused = isReadOnly || failure != null || shutdown != Shutdown.NONE;
        if (isRefused) {
            completion.onComplete(
                    token,
                    isReadOnly
                            ? VolumeCompletion.NOT_PERMITTED
                            : failure != null ? failureStatus() : VolumeCompletion.GONE);
        }
        return isRefused;
    }

    /** How a request ends that the volume's failure ends. */
    private int failureStatus() {
        return !isReadOnly && destager.isFenced() ? VolumeCompletion.GONE : VolumeCompletion.IO_ERROR;
    }

    /** Whether a discard would make two extents of one, and not free one. */
    private boolean isSplitting(final long offset, final long length) {
        final long first = offset >>> Blocks.SHIFT;
        final long end = (offset + length + Blocks.SIZE - 1) >>> Blocks.SHIFT;
        return map.find(first) && map.foundBlock() < first && map.foundBlock() + map.foundLength() > end;
    }

    /** Whether the map has as many extents as a checkpoint can hold: what is acknowledged beyond could not be kept in the store. */
    private boolean isFragmented() {
        return map.extentCount() >= maxExtents;
    }

    private void onRead(final long token, final boolean isFailed) {
        if ((token & EDGE_TOKENS) != 0) {
            writes.onEdgeRead(token, isFailed);
        } else {
            onRead((int) token, isFailed);
        }
    }

    private void onRead(final int place, final boolean isFailed) {
        if (isFailed || failure != null) {
            pending.complete(place, failureStatus());
        } else if (isReadOnly) {
            pending.complete(place, VolumeCompletion.OK);
        } else {
            gate.answer(place);
        }
    }

    private void answer(final long place) {
        pending.complete((int) place, failure == null ? VolumeCompletion.OK : failureStatus());
    }

    private boolean isStoreDurable() {
        return settings.durability() == Durability.STORE;
    }

    private int destage() {
        int work = 0;
        while (true) {
            if (nextBatch == null && !mustWaitForDestager()) {
                nextBatch = cutter.poll(shippableSequence(), runtime.bootTimeNs());
            }
            if (nextBatch == null || !destager.offer(nextBatch)) {
                break;
            }
            nextBatch = null;
            destagerThread.wake();
            work++;
        }
        ObjectLayout layout;
        while ((layout = destager.pollStored()) != null) {
            if (!layout.isCollected()) {
                gate.onStored(layout.to().position(), layout.to().sequence() - 1);
                reclaimer.onStored(layout);
            }
            relocation.onStored(layout);
            destagerThread.wake();
            work++;
        }
        return work;
    }

    /** In haste no batch waits behind another, so that they grow when the store is slow. */
    private boolean mustWaitForDestager() {
        return isHasty && shutdown == Shutdown.NONE && destager.isBehind();
    }

    /** Of a log that is unsure everything is shipped, acknowledged or not. */
    private long shippableSequence() {
        return log.isUnsure() && log.isSettled() ? log.sealedSequence() : log.writtenSequence();
    }

    private void tellNews() {
        if (!log.hasDurableNews()) {
            hasNews = false;
        } else if (!hasNews) {
            hasNews = true;
            newsSinceNs = runtime.nanoTime();
        } else if (runtime.nanoTime() - newsSinceNs >= NEWS_DELAY_NS) {
            hasNews = false;
            log.stateDurable();
        }
    }

    private void checkFailure() {
        if (failure == null) {
            failure = findFailure();
            if (failure != null) {
                writes.failAll();
                gate.releaseAll();
                updateStats();
            }
        }
        if (failure != null && log.isUnsure()) {
            log.fail(log.trouble());
        }
    }

    private String findFailure() {
        if (destager.failure() != null) {
            return destager.failure();
        }
        return log.failure() == 0
                ? null
                : "the local log failed with errno " + log.failure()
                        + ": nothing more is acknowledged; restart the daemon once the disk is well";
    }

    private void advanceShutdown() {
        switch (shutdown) {
            case DRAINING -> {
                if (isReadOnly) {
                    shutdown = isAbandoned || reads.isQuiet() ? Shutdown.DONE : shutdown;
                } else if ((isAbandoned || reads.isQuiet() && writes.isQuiet()) && log.isQuiet()) {
                    shutdown = Shutdown.FLUSHING;
                    log.flush(pending.add(Kind.LAST_FLUSH, (token, status) -> onFinalFlush(), 0));
                    if (isHandOver) {
                        cutter.cut();
                        destage();
                        finishEpoch();
                    }
                }
            }
            case SHIPPING -> {
                if (failure == null && !isAbandoned && !isSealed()) {
                    finishEpoch();
                } else if (log.isQuiet() && reclaimer.isQuiet() && preparer.isQuiet()) {
                    endLog();
                    updateStats();
                    shutdown = Shutdown.DONE;
                }
            }
            default -> {
                return;
            }
        }
    }

    private void finishEpoch() {
        if (nextBatch == null && cutter.isEmpty()) {
            if (isHandOver) {
                destager.handOver();
            } else {
                destager.finish();
            }
        }
        destagerThread.wake();
    }

    /** Spares the next opening to read what is in the store anyway; if that fails, it reads it. */
    private void endLog() {
        try {
            reclaimer.finish();
        } catch (final IOException e) {
            LOG.log(Level.WARNING, "volume ''{0}'': cannot write the log''s superblock: {1}", name, e.getMessage());
        }
    }

    private void onFinalFlush() {
        cutter.cut();
        shutdown = Shutdown.SHIPPING;
    }

    private void refreshStats() {
        final long nowNs = runtime.nanoTime();
        if (nowNs - statsAtNs >= STATS_PERIOD_NS) {
            updateStats();
        }
    }

    private void updateStats() {
        statsAtNs = runtime.nanoTime();
        final boolean isUnsent = !isStored();
        stats = new VolumeStats(
                isReadOnly ? 0 : writes.bytesWritten(),
                logLength,
                isReadOnly ? 0 : log.endPosition() - reclaimer.oldestInUse(),
                isUnsent ? log.endPosition() - gate.storedPosition() : 0,
                isUnsent ? log.lastDataSequence() - gate.storedSequence() : 0,
                isUnsent ? cutter.oldestUnsentAgeNs(runtime.bootTimeNs()) : 0,
                isReadOnly ? 0 : log.writtenSequence(),
                isReadOnly ? 0 : log.durableSequence(),
                isReadOnly ? 0 : gate.storedSequence(),
                isReadOnly ? 0 : destager.objectsPut(),
                isReadOnly ? 0 : destager.bytesPut(),
                fetcher.fetches(),
                fetcher.bytesFetched(),
                cache == null ? VolumeCacheStats.NONE : cache.volumeStats(),
                space(),
                map.extentCount(),
                map.bytesInUse(),
                isReadOnly ? null : destager.trouble(),
                isReadOnly || !log.isUnsure() ? null : "the local log failed with errno " + log.trouble(),
                agentTrouble(),
                !isReadOnly && destager.isFenced(),
                failure);
    }

    /** What the log's superblock notes of the store. */
    private final class Notes implements LogReclaimer.StoreNotes {
        @Override
        public Superblock.Seen seen() {
            return destager.seen();
        }

        @Override
        public long awaited() {
            return destager.awaitedNote();
        }

        @Override
        public void noted(final long sequence) {
            destager.notedThrough(sequence);
            destagerThread.wake();
        }
    }

    /** Why writes are refused while reads go on, or what the threads of the volume met that nobody foresaw. */
    private String agentTrouble() {
        if (!isReadOnly && isFragmented()) {
            return "writes are refused: the volume has " + map.extentCount()
                    + " extents, as many as a checkpoint can hold; discards and reads go on";
        }
        String trouble = fetcher.unexpectedTrouble();
        if (trouble == null && fetcherThread != null) {
            trouble = fetcherThread.trouble();
        }
        if (trouble == null && destagerThread != null) {
            trouble = destagerThread.trouble() == null ? destager.unexpectedTrouble() : destagerThread.trouble();
        }
        return trouble;
    }

    /** What the log tells. */
    private final class LogEvents implements LogWriter.Listener {
        @Override
        public void onAcknowledged(final long token) {
            final Kind kind = pending.kind((int) token);
            if (failure != null || kind == Kind.LAST_FLUSH) {
                answer(token);
            } else if (kind == Kind.WRITE) {
                gate.write(token, log.writtenEnd());
            } else if (isStoreDurable()) {
                gate.awaitStore(token, log.writtenDataSequence());
            } else if (kind == Kind.DURABLE_WRITE) {
                gate.write(token, log.writtenEnd());
            } else {
                gate.answer(token);
            }
        }

        @Override
        public void onFailed(final long token) {
            pending.complete((int) token, failureStatus());
        }

        @Override
        public void onSealed(
                final long end,
                final long sequence,
                final int crc,
                final boolean isNews,
                final boolean isNote,
                final int blocks) {
            cutter.onSealed(end, sequence, crc, isNews, isNote, blocks, runtime.bootTimeNs());
        }
    }
}
