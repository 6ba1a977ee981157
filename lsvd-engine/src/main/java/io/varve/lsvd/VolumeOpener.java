package io.varve.lsvd;

import io.varve.lsvd.destage.BatchCutter;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.Durability;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.format.LogRecord;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.format.Superblock.EpochClaim;
import io.varve.lsvd.format.Superblock.Tail;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.CheckpointChain;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.MapChanges;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.history.Sealer;
import io.varve.lsvd.history.SettingsHistory;
import io.varve.lsvd.log.DeviceLogSource;
import io.varve.lsvd.log.LogChecksums;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogInUseException;
import io.varve.lsvd.log.LogReader;
import io.varve.lsvd.log.LogStore;
import io.varve.lsvd.log.LogSuperblock;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.rescue.LogStanding;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
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
 * Opens a volume for writing: locks its log, reads its history, ends the epoch before, replays what only the log has, and
 * begins the next epoch. Each step leaves behind what the next attempt needs after a crash.
 */
final class VolumeOpener {
    private static final System.Logger LOG = System.getLogger(VolumeOpener.class.getName());
    private static final int SEAL_TRIES = 100;
    private static final long FENCE_MARGIN_MS = 100;

    private final VolumeContext context;
    private final StoreClient store;
    private final UUID volume;
    private final HistoryReader historyReader;
    private final LogStore logs;
    private final EngineRuntime runtime;
    private final UUID nonce;
    private final Arena arena;

    private LogDevice device;
    private LogSuperblock superblock;
    private History history;
    private LogGeometry geometry;
    private LogChecksums checksums;
    private Tail end;
    private Tail firstUnsent;
    private BatchCutter cutter;
    private long begunNs;
    private ExtentMap stored;
    private boolean isWriteCache;
    private VolumeSettings settings;

    VolumeOpener(final VolumeContext context, final StoreClient store, final UUID volume, final Arena arena) {
        this.context = context;
        this.store = store;
        this.volume = volume;
        this.arena = arena;
        this.historyReader = new HistoryReader(store, volume);
        this.logs = context.logs(volume);
        this.runtime = context.runtime();
        this.nonce = runtime.randomUuid();
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
            LogDevice device,
            LogSuperblock superblock,
            LogChecksums checksums,
            Tail end,
            BatchCutter cutter,
            long begunNs) {}

    Opened open() throws VolumeException, IOException {
        try {
            if (logs.exists()) {
                device = logs.open();
                superblock = LogSuperblock.read(device);
                if (!superblock.current().volume().equals(volume)) {
                    throw new VolumeException(logs.name() + " is the log of another volume, "
                            + superblock.current().volume() + ": move it away");
                }
            }
            history = historyReader.read();
            final boolean isOwn = superblock != null
                    && LogStanding.isCurrent(historyReader, superblock.current().epochs(), history.newest());
            final boolean isUnused = superblock != null && isUnusedLog();
            if (context.rollBackTo() != null && !history.isClosedByOwner()) {
                throw new VolumeException("volume '" + context.name() + "' is open, or was not closed: end the daemon"
                        + " that serves it, or serve it once more where it was and end that");
            }
            if (!isOwn) {
                checkMayOpenWithoutLog();
                if (!isUnused) {
                    putAsideForeignLog();
                }
            }
            sealPredecessor();
            if (!isOwn) {
                outwaitOldWriter();
            }
            settings =
                    new SettingsHistory(store, volume).newest(history.newest().settings());
            if (context.rollBackTo() != null) {
                rollBack();
            }
            stored = history.map().copy();
            isWriteCache = history.covered().isWriteCache();
            if (isOwn || isUnused) {
                replay();
            }
            final EpochRecord epoch = begin();
            if (history.snapshot() != null) {
                // Its pin may not have come to be.
                store.putIfAbsent(
                        Keys.pin(volume, history.checkpoints().newest(), 1),
                        history.snapshot().encode());
            }
            final Epochs epochs = history.epochs()
                    .with(new Epochs.Entry(volume, epoch.epoch(), epoch.firstSequence(), epoch.nonce()));
            return new Opened(
                    epoch,
                    epochs,
                    history.map(),
                    stored,
                    history.covered(),
                    history.checkpoints(),
                    history.changes(),
                    history.objects(),
                    geometry,
                    device,
                    superblock,
                    checksums,
                    end,
                    cutter,
                    begunNs);
        } catch (final LogInUseException e) {
            release();
            throw new VolumeException(
                    "volume '" + context.name() + "' is in use: " + e.getMessage() + "; stop that one first", e);
        } catch (final VolumeException | IOException | RuntimeException e) {
            release();
            throw e;
        }
    }

    private void release() {
        if (device != null) {
            device.close();
        }
        if (history != null) {
            history.close();
        }
        if (stored != null) {
            stored.close();
        }
    }

    /**
     * Whether this log was made for an epoch that has not come to be. It holds no record, and yet it is kept: the epoch's
     * record may still be on its way into the store, and only this log knows its nonce.
     */
    private boolean isUnusedLog() {
        final List<EpochClaim> claims = superblock.current().epochs();
        return !claims.isEmpty() && claims.getFirst().epoch() > history.newest().epoch();
    }

    private void checkMayOpenWithoutLog() throws VolumeException {
        if (history.isClosedByOwner()) {
            return;
        }
        final EpochRecord owner = history.newest();
        final String who = "volume '" + context.name() + "' was opened by " + owner.openedBy() + " at "
                + Instant.ofEpochMilli(owner.openedMs()) + " and not closed, and "
                + (superblock == null ? "its log is not here" : "the log here is not that one's") + " ("
                + logs.name() + ")";
        if (!context.isTakeOver()) {
            throw new VolumeException(
                    who + "; serve it there, or, if that log is gone for good, take the volume over with"
                            + " --take-over: then what was not in the store yet is lost, "
                            + possibleLoss(owner.settings()));
        }
        LOG.log(
                Level.WARNING,
                "{0}; taken over as the store has it, up to object {1} and log record {2}; what may be missing behind that: {3}",
                who,
                history.nextSequence() - 1,
                history.lastRecord(),
                possibleLoss(owner.settings()));
    }

    /** What the volume's bounds say of how much its owner may have acknowledged and not shipped. */
    private static String possibleLoss(final VolumeSettings settings) {
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

    private void putAsideForeignLog() throws IOException {
        if (device == null) {
            return;
        }
        final EpochClaim last = superblock.current().epochs().getLast();
        final boolean wasClosed =
                last.epoch() < history.newest().epoch() && last.nonce().equals(historyReader.sealedBy(last.epoch()));
        device.close();
        device = null;
        superblock = null;
        if (wasClosed) {
            logs.delete();
            return;
        }
        final String aside = logs.setAside(last.epoch());
        LOG.log(
                Level.WARNING,
                "volume ''{0}'' was opened elsewhere since this log was written; it does not count any more and is kept as"
                        + " {1}",
                context.name(),
                aside);
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

    /** Ends the newest epoch where it ends. Against a writer that still runs this may take several tries. */
    private void sealPredecessor() throws IOException, VolumeException {
        for (int i = 0; history.sealedBy() == null; i++) {
            if (i == SEAL_TRIES) {
                throw new VolumeException("volume '" + context.name()
                        + "' is being written faster than it can be sealed:" + " stop the daemon that has it");
            }
            final boolean isSealed = Sealer.seal(store, volume, history, nonce);
            final UUID sealedBy = isSealed ? historyReader.sealOf(history) : null;
            if (sealedBy != null) {
                history = history.withSeal(sealedBy);
            } else {
                final History again = historyReader.read();
                history.close();
                history = again;
            }
        }
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

    /** Takes from the log what no object covers. */
    private void replay() throws IOException, VolumeException {
        final Superblock current = superblock.current();
        geometry = new LogGeometry(current.areaLength(), current.windowLength());
        checksums = new LogChecksums(geometry, arena);
        final Tail tail = replayStart(current);
        long replayed = 0;
        try (LogReader reader = new LogReader(new DeviceLogSource(geometry, device, null), volume)) {
            reader.begin(tail, tail.position() + geometry.areaLength());
            Tail before = reader.end();
            while (reader.next()) {
                if (reader.record().sequence() > history.lastRecord()) {
                    apply(reader, before);
                    replayed += reader.record().isNews() ? 1 : 0;
                }
                before = reader.end();
            }
            end = before;
            checkDamage(reader);
        }
        device.syncFully();
        if (end.sequence() - 1 < history.lastRecord()) {
            // An older copy of the log, or one that was never used: the store is ahead of it.
            end = new Tail(end.position(), history.lastRecord() + 1, 0);
        }
        if (replayed > 0) {
            LOG.log(
                    Level.INFO,
                    "volume ''{0}'': {1} records of the local log are not in the store yet and were replayed",
                    context.name(),
                    replayed);
        }
    }

    /**
     * Where the records begin that may have to be replayed: where the store's objects end, when they were made of this log behind its
     * tail and say where. Damage to what the store holds does not matter then.
     */
    private Tail replayStart(final Superblock current) {
        final Tail tail = current.tail();
        final Tail stored = history.covered().logEnd();
        final boolean isBehindTail = history.covered().isPlaceKnown()
                && stored.sequence() > tail.sequence()
                && stored.position() >= tail.position()
                && stored.position() <= tail.position() + current.areaLength();
        return isBehindTail ? stored : tail;
    }

    /** Nobody knows how long a record of an earlier life has waited: it counts as older than any may get. */
    private void apply(final LogReader reader, final Tail before) {
        final LogRecord record = reader.record();
        if (firstUnsent == null) {
            firstUnsent = before;
            cutter = newCutter(before);
        }
        isWriteCache = record.isWriteCache(isWriteCache);
        final long first = reader.dataPositionBlocks();
        for (int i = 0, n = record.blockCount(); i < n; i++) {
            checksums.set(first + i, record.blockCrc(i));
        }
        for (int i = 0, n = record.extentCount(); i < n; i++) {
            if (record.extentKind(i) == ExtentEntry.NOTE) {
                continue;
            }
            if (record.extentKind(i) == ExtentEntry.TRIM) {
                history.map().remove(record.extentBlock(i), record.extentLength(i));
            } else {
                history.map()
                        .put(
                                record.extentBlock(i),
                                record.extentLength(i),
                                Location.inLog(first + record.extentDataBlock(i)));
            }
        }
        final Tail after = reader.end();
        cutter.onSealed(
                after.position(),
                after.sequence() - 1,
                after.previousCrc(),
                record.isNews(),
                record.isNote(),
                record.blockCount(),
                runtime.bootTimeNs() - TimeUnit.MILLISECONDS.toNanos(settings.maxUnsentAgeMs()) - 1);
    }

    private BatchCutter newCutter(final Tail start) {
        return new BatchCutter(start, context.destageDelayNs(), geometry.areaLength(), settings);
    }

    private void checkDamage(final LogReader reader) throws IOException, VolumeException {
        final Tail brokenAt = reader.end();
        final long proven = reader.provenDurableBehindEnd();
        if (proven < brokenAt.sequence() || proven <= history.lastRecord()) {
            return;
        }
        final String damage = "the log of volume '" + context.name() + "', " + logs.name()
                + ", is damaged: record " + brokenAt.sequence() + " at byte "
                + geometry.fileOffset(brokenAt.position()) + " had been flushed, with all up to " + proven
                + ", and is not readable";
        if (!context.isDataLossAccepted()) {
            throw new VolumeException(damage + "; --accept-data-loss goes on without these records");
        }
        LOG.log(Level.WARNING, "{0}; going on without them, as asked", damage);
    }

    /** Makes the claim durable, then the epoch. */
    private EpochRecord begin() throws IOException, VolumeException {
        final EpochRecord previous = history.newest();
        final EpochClaim claim = new EpochClaim(previous.epoch() + 1, nonce);
        if (superblock != null) {
            claimInLog(claim, previous.epoch());
        } else {
            geometry = LogGeometry.ofSize(context.logSizeBytes());
            checksums = new LogChecksums(geometry, arena);
            end = new Tail(0, Math.max(history.lastRecord() + 1, LogRecord.FIRST_SEQUENCE), 0);
            device = logs.create(
                    geometry,
                    new Superblock(0, volume, geometry.areaLength(), geometry.windowLength(), 1, end, List.of(claim)));
            superblock = LogSuperblock.read(device);
        }
        if (cutter == null) {
            cutter = newCutter(end);
        }
        final EpochRecord record = new EpochRecord(
                claim.epoch(),
                nonce,
                history.nextSequence() + 1,
                history.lastRecord(),
                history.checkpoints().newest(),
                settings.withWriteCache(isWriteCache),
                previous.createdMs(),
                runtime.currentTimeMillis(),
                hostAndProcess(),
                previous.origin());
        begunNs = runtime.bootTimeNs();
        if (!store.putIfAbsent(Keys.epoch(volume, record.epoch()), record.encode())
                && !historyReader.epoch(record.epoch()).nonce().equals(nonce)) {
            throw new VolumeException("volume '" + context.name() + "' was opened by "
                    + historyReader.epoch(record.epoch()).openedBy() + " at the same time");
        }
        return record;
    }

    private void claimInLog(final EpochClaim claim, final long newestEpoch) throws IOException, VolumeException {
        final Superblock current = superblock.current();
        final List<EpochClaim> claims = new ArrayList<>();
        for (final EpochClaim earlier : current.epochs()) {
            if (earlier.epoch() >= newestEpoch) {
                claims.add(earlier);
            }
        }
        claims.add(claim);
        if (claims.size() > Superblock.MAX_EPOCHS) {
            throw new VolumeException("opening volume '" + context.name() + "' has failed " + Superblock.MAX_EPOCHS
                    + " times in a row, and its log has no room for another try; the messages before tell why");
        }
        superblock.write(new Superblock(
                current.counter(),
                volume,
                current.areaLength(),
                current.windowLength(),
                current.generation() + 1,
                firstUnsent == null ? end : firstUnsent,
                claims));
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
