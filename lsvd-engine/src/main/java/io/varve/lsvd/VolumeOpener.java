package io.varve.lsvd;

import io.varve.lsvd.destage.BatchCutter;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.Durability;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.Superblock.EpochClaim;
import io.varve.lsvd.format.Superblock.Tail;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.CheckpointChain;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryFollower;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.MapChanges;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.history.Sealer;
import io.varve.lsvd.history.SettingsHistory;
import io.varve.lsvd.log.LogChecksums;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogSuperblock;
import io.varve.lsvd.log.LogWindow;
import io.varve.lsvd.log.WindowMemory;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreClient.Listing;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Opens a volume for writing, in two parts: locks its log, reads its history and follows it; and then ends the epoch before,
 * replays what only the log has, and begins the next epoch. Each step leaves behind what the next attempt needs after a crash.
 */
final class VolumeOpener implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(VolumeOpener.class.getName());
    private static final long FENCE_MARGIN_MS = 100;

    private final VolumeContext context;
    private final StoreClient store;
    private final UUID volume;
    private final HistoryReader historyReader;
    private final SettingsHistory settingsHistory;
    private final OpeningLog log;
    private final Arena arena;
    private final EngineRuntime runtime;

    private HistoryFollower follower;
    private History history;
    private UUID nonce;
    private long begunNs;
    private ExtentMap stored;
    private LogWindow window;
    private VolumeSettings settings;
    private boolean areSettingsFresh;
    private long judgedEpoch = -1;

    VolumeOpener(final VolumeContext context, final StoreClient store, final UUID volume, final Arena arena) {
        this.context = context;
        this.store = store;
        this.volume = volume;
        this.historyReader = new HistoryReader(store, volume, context.isDataLossAccepted());
        this.settingsHistory = new SettingsHistory(store, volume);
        this.log = new OpeningLog(context, volume, store.keys(), historyReader, arena);
        this.arena = arena;
        this.runtime = context.runtime();
    }

    /** What opening has found and made. */
    record Opened(
            EpochRecord epoch,
            Epochs epochs,
            ExtentMap map,
            ExtentMap stored,
            Covered covered,
            CheckpointChain checkpoints,
            MapChanges changes,
            ObjectTable objects,
            LogGeometry geometry,
            LogWindow window,
            LogDevice device,
            LogSuperblock superblock,
            LogChecksums checksums,
            Tail end,
            long zeroed,
            BatchCutter cutter,
            boolean isContinued,
            long begunNs) {}

    /** The first part: nothing is changed, here or in the store. */
    void begin() throws VolumeException, IOException {
        log.open();
        follower = new HistoryFollower(store, volume, historyReader);
        judged(0);
        readSettings();
    }

    /** The history as far as it is known. */
    History history() {
        return follower == null ? history : follower.history();
    }

    /** What the next epoch would be opened with, as last read. */
    VolumeSettings settings() {
        return settings;
    }

    /** Whether the newest epoch is that of the log here. */
    boolean isOwn() {
        return log.isOwn();
    }

    /** Reads what has come; see {@link HistoryFollower#look}. */
    int look(final HistoryFollower.Listener listener) throws IOException, VolumeException {
        areSettingsFresh = false;
        return judged(follower.look(listener));
    }

    /** As {@link #look}, for somebody who waits for the volume; beside it, asks for the settings that {@link #take()} needs. */
    int lookForSeal(final HistoryFollower.Listener listener) throws IOException, VolumeException {
        final Listing asked = settingsHistory.ask();
        final int count = judged(follower.lookForSeal(listener));
        areSettingsFresh = history().sealedBy() != null;
        if (areSettingsFresh) {
            settings = settingsHistory.newest(asked, history().newest().settings());
        }
        return count;
    }

    private int judged(final int count) throws IOException, VolumeException {
        if (history().newest().epoch() != judgedEpoch) {
            log.judge(history());
            judgedEpoch = history().newest().epoch();
        }
        return count;
    }

    /** Reads the settings again. */
    void readSettings() throws IOException {
        settings = settingsHistory.newest(history().newest().settings());
    }

    /** Makes the log ready to be claimed, so that this need not be done later. */
    void prepareLog() throws IOException, VolumeException {
        if (!log.isOwn()) {
            log.discardUnfit(history());
        }
        // The log notes what the store has shown.
        historyReader.confirm(history());
        log.prepare(new EpochClaim(history().newest().epoch() + 1, runtime.randomUuid()), history());
    }

    /** Does some of what a log that was made ready needs to be fast; whether there is more. */
    boolean zeroMore() {
        return log.zeroMore();
    }

    /** The second part. */
    Opened take() throws VolumeException, IOException {
        history = follower.take();
        follower = null;
        nonce = runtime.randomUuid();
        store.confirm(Keys.name(context.name()));
        if (context.rollBackTo() != null && !history.isClosedByOwner()) {
            throw new VolumeException(
                    VolumeException.Kind.BUSY,
                    "volume '" + context.name() + "' is open, or was not closed: end the daemon"
                            + " that serves it, or serve it once more where it was and end that");
        }
        if (!log.isOwn()) {
            checkMayOpenWithoutLog();
        }
        log.discardUnfit(history);
        final boolean isClosed = history.isClosedByOwner();
        sealPredecessor();
        if (!log.isOwn()) {
            outwaitOldWriter();
        }
        if (!areSettingsFresh) {
            readSettings();
        }
        if (context.rollBackTo() != null) {
            rollBack();
        }
        log.prepare(new EpochClaim(history.newest().epoch() + 1, nonce), history);
        log.replay(history, settings, this::keepStored);
        final EpochRecord epoch = beginEpoch();
        if (history.snapshot() != null && !isClosed) {
            // Its pin may not have come to be.
            store.putIfAbsent(
                    Keys.pin(volume, history.checkpoints().newest(), 1),
                    history.snapshot().encode());
        }
        final Epochs epochs =
                history.epochs().with(new Epochs.Entry(volume, epoch.epoch(), epoch.firstSequence(), epoch.nonce()));
        return new Opened(
                epoch,
                epochs,
                history.map(),
                stored,
                history.covered(),
                history.checkpoints(),
                history.changes(),
                history.objects(),
                log.geometry(),
                window,
                log.device(),
                log.superblock(),
                log.checksums(),
                log.end(),
                log.zeroed(),
                log.cutter(),
                log.isOwn(),
                begunNs);
    }

    /** Frees all; not after {@link #take()} has succeeded. */
    @Override
    public void close() {
        log.close();
        if (follower != null) {
            follower.close();
        }
        if (history != null) {
            history.close();
        }
        if (stored != null) {
            stored.close();
        }
    }

    private void checkMayOpenWithoutLog() throws VolumeException {
        if (history.isClosedByOwner()) {
            return;
        }
        final EpochRecord owner = history.newest();
        final String who = "volume '" + context.name() + "' was opened by " + owner.openedBy() + " at "
                + Instant.ofEpochMilli(owner.openedMs()) + " and not closed, and "
                + (log.isThere() ? "the log here is not that one's" : "its log is not here") + " (" + log.name() + ")";
        if (!context.isTakeOver()) {
            throw new VolumeException(
                    VolumeException.Kind.BUSY,
                    who + "; serve it there, or, if that log is gone for good, take the volume over with"
                            + " --take-over: then what was not in the store yet is lost, "
                            + possibleLoss(owner.settings()));
        }
        LOG.log(
                Level.WARNING,
                "{0}; taken over as the store has it, up to object {1} and log record {2}; what may be missing behind"
                        + " that: {3}",
                who,
                history.nextSequence() - 1,
                history.lastRecord(),
                possibleLoss(owner.settings()));
    }

    /** What the volume's bounds say of how much its owner may have acknowledged and not shipped. */
    static String possibleLoss(final VolumeSettings settings) {
        final List<String> bounds = new ArrayList<>();
        if (settings.maxUnsentBytes() > 0) {
            bounds.add("at most " + settings.maxUnsentBytes() + " bytes of the log");
        }
        if (settings.maxUnsentAgeMs() > 0) {
            bounds.add("of the last " + settings.maxUnsentAgeMs() + " ms of writing at most");
        }
        if (settings.durability() == Durability.STORE) {
            bounds.add("nothing that was flushed");
        }
        return bounds.isEmpty()
                ? "as much as that log held, since the volume sets no bound"
                : String.join(", ", bounds);
    }

    /** The history goes on with the map of a snapshot; its first object has to be a checkpoint that says so. */
    private void rollBack() throws IOException, VolumeException {
        final Snapshot snapshot = new VolumeCatalog(store.store(), runtime, context.storeTimeoutMs())
                .snapshot(context.name(), context.rollBackTo());
        final History then = historyReader.readSnapshot(snapshot.record().epoch(), snapshot.checkpoint());
        then.changes().onUnknown();
        final History now = history;
        history = new History(
                now.newest(),
                now.epochs(),
                then.map(),
                now.nextSequence(),
                now.sealedBy(),
                now.covered(),
                now.checkpoints(),
                then.changes(),
                now.objects(),
                null);
        now.close();
    }

    private void sealPredecessor() throws IOException, VolumeException {
        final History before = history;
        final long epoch = before.newest().epoch();
        history = null;
        history = Sealer.end(store, historyReader, volume, before, nonce);
        if (history == null) {
            throw new VolumeException(
                    VolumeException.Kind.BUSY,
                    "volume '" + context.name()
                            + "' is being written faster than it can be sealed: stop the daemon that has it");
        }
        if (history.newest().epoch() != epoch) {
            // Whether the log here counts, and whether the volume may be taken, was judged by the epoch before.
            throw openedMeanwhile(history.newest());
        }
    }

    private VolumeException openedMeanwhile(final EpochRecord by) {
        return new VolumeException(
                VolumeException.Kind.FENCED,
                "volume '" + context.name() + "' was opened by " + by.openedBy() + " at the same time");
    }

    /**
     * Waits until the writer of an epoch that was ended by someone else has certainly stopped to answer, if the volume's settings
     * promise that. Before the next epoch is begun: whoever comes after a crash in here waits anew.
     */
    private void outwaitOldWriter() {
        final long timeoutMs = history.newest().settings().fenceTimeoutMs();
        if (timeoutMs == 0 || history.isClosedByOwner()) {
            return;
        }
        final long waitMs = timeoutMs + timeoutMs / 8 + FENCE_MARGIN_MS;
        LOG.log(
                Level.INFO,
                "volume ''{0}'': waiting {1} ms, until whoever had it has certainly stopped to acknowledge writes",
                context.name(),
                Long.toString(waitMs));
        final long endNs = runtime.bootTimeNs() + TimeUnit.MILLISECONDS.toNanos(waitMs);
        final CompletableFuture<Void> never = new CompletableFuture<>();
        for (long leftNs = endNs - runtime.bootTimeNs(); leftNs > 0; leftNs = endNs - runtime.bootTimeNs()) {
            runtime.await(never, TimeUnit.NANOSECONDS.toMillis(leftNs) + 1);
        }
    }

    /** Keeps the map as the store has it: before the log's records change it, or else while the store is waited for anyway. */
    private void keepStored() {
        if (stored == null) {
            stored = history.map().copy();
        }
    }

    /** Makes the claim durable, then the epoch. */
    private EpochRecord beginEpoch() throws IOException, VolumeException {
        final EpochRecord previous = history.newest();
        final long next = previous.epoch() + 1;
        if (context.isDataLossAccepted() && !historyReader.present(next).isEmpty()) {
            throw new VolumeException(
                    VolumeException.Kind.DAMAGED,
                    "volume '" + context.name() + "' has objects of epoch " + next
                            + " in the store, and its record is missing: bring back " + Keys.epoch(volume, next));
        }
        final EpochRecord record = new EpochRecord(
                next,
                nonce,
                log.claim(history, nonce),
                history.nextSequence() + 1,
                history.lastRecord(),
                history.checkpoints().newest(),
                settings.withWriteCache(log.isWriteCache()),
                previous.createdMs(),
                runtime.currentTimeMillis(),
                hostAndProcess(),
                previous.origin());
        begunNs = runtime.bootTimeNs();
        final StoreClient.Creating creating =
                store.beginPutIfAbsent(Keys.epoch(volume, record.epoch()), record.encode());
        keepStored();
        window = new LogWindow(
                log.geometry(),
                log.end().position(),
                WindowMemory.ofProcess().take(log.geometry().windowLength(), arena));
        if (!store.await(creating)) {
            requireOwn(record);
        }
        return record;
    }

    /**
     * Only this very record counts, not another one of the same log's: that is of an earlier try, or of a copy of the log, and whoever
     * made it may be writing. It has to be ended first, as any other epoch.
     */
    private void requireOwn(final EpochRecord record) throws IOException, VolumeException {
        final EpochRecord there = historyReader.epoch(record.epoch());
        if (there.nonce().equals(record.nonce())) {
            return;
        }
        throw there.claim().equals(record.claim())
                ? new VolumeException(
                        VolumeException.Kind.BUSY,
                        "an earlier try to open volume '" + context.name() + "' has come through meanwhile: try again")
                : openedMeanwhile(there);
    }

    private static String hostAndProcess() {
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (final UnknownHostException e) {
            host = "unknown host";
        }
        return host + ", process " + ProcessHandle.current().pid();
    }
}
