package io.varve.lsvd;

import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.destage.BatchCutter;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.format.LogRecord;
import io.varve.lsvd.format.LogSalt;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.format.Superblock.EpochClaim;
import io.varve.lsvd.format.Superblock.Tail;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.log.DeviceLogSource;
import io.varve.lsvd.log.EncryptedLogDevice;
import io.varve.lsvd.log.LogChecksums;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogInUseException;
import io.varve.lsvd.log.LogReader;
import io.varve.lsvd.log.LogStore;
import io.varve.lsvd.log.LogSuperblock;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.rescue.LogStanding;
import io.varve.lsvd.rescue.StoreLoss;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.store.Keys;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * A volume's local log while the volume is opened: locked, judged, made anew or replayed, and claimed for the next epoch. Whoever
 * opens takes device, superblock and the rest over.
 */
final class OpeningLog implements AutoCloseable {
    /** Greatest number of zeros that are written at once, while no guest waits for the disk. */
    private static final int MAX_ZEROS = 1 << 20;

    private static final System.Logger LOG = System.getLogger(OpeningLog.class.getName());

    private final VolumeContext context;
    private final UUID volume;
    private final VolumeKeys keys;
    private final LogStore logs;
    private final EngineRuntime runtime;
    private final HistoryReader reader;
    private final Arena arena;

    private LogDevice device;
    private LogSuperblock superblock;
    private LogGeometry geometry;
    private LogChecksums checksums;
    private Tail end;
    private Tail firstUnsent;
    private BatchCutter cutter;
    private boolean isOwn;
    private boolean isUnused;
    private boolean isCutOff;
    private boolean isNew;
    private boolean isWriteCache;
    private MemorySegment zeros;
    private long zeroed;

    OpeningLog(
            final VolumeContext context,
            final UUID volume,
            final VolumeKeys keys,
            final HistoryReader reader,
            final Arena arena) {
        this.context = context;
        this.volume = volume;
        this.keys = keys;
        this.logs = context.logs(volume);
        this.runtime = context.runtime();
        this.reader = reader;
        this.arena = arena;
    }

    /** Locks the log, if there is one. */
    void open() throws IOException, VolumeException {
        if (!logs.exists()) {
            return;
        }
        try {
            device = logs.open();
        } catch (final LogInUseException e) {
            throw inUse(e);
        }
        superblock = LogSuperblock.read(device);
        if (!superblock.current().volume().equals(volume)) {
            throw new VolumeException(
                    VolumeException.Kind.BUSY,
                    logs.name() + " is the log of another volume, "
                            + superblock.current().volume() + ": move it away");
        }
        decrypt();
    }

    private void decrypt() throws IOException, VolumeException {
        final LogSalt salt = superblock.current().salt();
        if (salt.isKnown() != (keys.own() != null)) {
            throw new VolumeException(
                    VolumeException.Kind.DAMAGED,
                    logs.name() + " is " + (salt.isKnown() ? "" : "not ") + "encrypted, and its volume is"
                            + (salt.isKnown() ? " not" : "") + ": move it away");
        }
        if (salt.isKnown()) {
            device = new EncryptedLogDevice(device, keys.own().logKey(volume, salt.bytes()));
            superblock = LogSuperblock.read(device);
        }
    }

    private LogSalt drawSalt() {
        if (keys.own() == null) {
            return LogSalt.NONE;
        }
        final byte[] bytes = new byte[LogSalt.LENGTH];
        new SecureRandom().nextBytes(bytes);
        return LogSalt.of(bytes);
    }

    private VolumeException inUse(final LogInUseException e) {
        return new VolumeException(
                VolumeException.Kind.BUSY,
                "volume '" + context.name() + "' is in use: " + e.getMessage() + "; stop that one first",
                e);
    }

    /**
     * Finds out what the log is to the newest epoch. One that was made for an epoch that has not come to be holds no record, and yet
     * it is kept: the epoch's record may still be on its way into the store, and only this log knows its nonce.
     *
     * @throws VolumeException when the store shows less than the log knows it to have held, unless that is accepted.
     */
    void judge(final History history) throws IOException, VolumeException {
        if (superblock == null || isNew) {
            return;
        }
        final StoreLoss loss = StoreLoss.find(reader, superblock.current(), history);
        final List<EpochClaim> claims = superblock.current().epochs();
        final boolean isAhead = claims.getFirst().epoch() > history.newest().epoch();
        // Of epochs that are gone nobody can tell whether what the store has now is what they went on from.
        isCutOff = loss != null && (loss.isLogCutOff() || isAhead);
        if (loss != null) {
            refuse("volume '" + context.name() + "' at " + context.store().url() + ": " + loss);
        }
        isOwn = LogStanding.isCurrent(reader, claims, history.newest());
        isUnused = isAhead && !isCutOff;
    }

    /** Whether the newest epoch is this log's, so that it holds whatever the store lacks. */
    boolean isOwn() {
        return isOwn;
    }

    boolean isThere() {
        return superblock != null;
    }

    String name() {
        return logs.name();
    }

    /** Data is lost: the opening ends here, unless the operator has said that it may be. */
    private void refuse(final String loss) throws VolumeException {
        if (!context.isDataLossAccepted()) {
            throw new VolumeException(
                    VolumeException.Kind.DAMAGED,
                    loss + "; bring that back, or go on without it by --accept-data-loss");
        }
        LOG.log(Level.WARNING, "{0}; going on without it, as asked", loss);
    }

    /** Puts aside, or deletes, a log that does not count any more, or does not follow what the store still has. */
    void discardUnfit(final History history) throws IOException {
        if (isCutOff) {
            putAsideCutOff();
        } else {
            discardForeign(history);
        }
    }

    /** Whatever is in it: it may be all that is left. */
    private void putAsideCutOff() throws IOException {
        final String aside =
                logs.setAside(superblock.current().epochs().getLast().epoch());
        closeDevice();
        isOwn = false;
        isCutOff = false;
        LOG.log(
                Level.WARNING,
                "volume ''{0}'': its log does not follow what the store still has; it is kept as {1}, and ''varve cache"
                        + " rescue'' saves what is in it",
                context.name(),
                aside);
    }

    private void discardForeign(final History history) throws IOException {
        if (device == null || isOwn || isUnused || isNew) {
            return;
        }
        final List<EpochClaim> claims = superblock.current().epochs();
        final EpochRecord last = LogStanding.lastOf(reader, claims, history.newest());
        final boolean wasClosed = last != null
                && last.epoch() < history.newest().epoch()
                && last.nonce().equals(reader.sealedBy(last.epoch()));
        if (wasClosed && isAsWanted()) {
            // Written once already, as far as it has come, which makes writing it a second time faster; see
            // LogPreparer.
            isNew = true;
            zeroed = superblock.current().tail().position();
            return;
        }
        if (wasClosed || isEmpty()) {
            logs.delete();
            closeDevice();
            return;
        }
        final String aside = logs.setAside(claims.getLast().epoch());
        closeDevice();
        LOG.log(
                Level.WARNING,
                "volume ''{0}'' was opened elsewhere since this log was written; it does not count any more and is"
                        + " kept as {1}; ''varve cache rescue'' saves what is in it and not in the store",
                context.name(),
                aside);
    }

    /** Whether a log made now would be like this one, or no more than twice as large, where the disk is too small for what is wanted. */
    private boolean isAsWanted() throws IOException {
        final long length = superblock.current().areaLength();
        final LogGeometry wanted = LogGeometry.ofSize(context.logSizeBytes());
        if (length == wanted.areaLength()) {
            return superblock.current().windowLength() == wanted.windowLength();
        }
        return length < wanted.areaLength()
                && length >= LogGeometry.ofSize(logs.room()).areaLength() / 2;
    }

    /** The size of a log to be made: as wanted, or what the disk has room for. */
    private long size() throws IOException, VolumeException {
        final long wanted = context.logSizeBytes();
        final long room = logs.room();
        if (room >= wanted) {
            return wanted;
        }
        if (room < Math.min(wanted, VolumeContext.MIN_LOG_SIZE)) {
            throw new VolumeException(
                    VolumeException.Kind.NO_SPACE,
                    "there is no room for the log of volume '" + context.name() + "', " + logs.name()
                            + ": it takes at least " + (VolumeContext.MIN_LOG_SIZE >> 20) + " MiB, and the disk has "
                            + (room >> 20)
                            + " MiB for it; make room there, or name a directory on another disk with --cache");
        }
        LOG.log(
                Level.WARNING,
                "volume ''{0}'': the log {1} takes {2} MiB and not {3}, since the disk has no more for it",
                context.name(),
                logs.name(),
                Long.toString(room >> 20),
                Long.toString(wanted >> 20));
        return room;
    }

    /** One that was made ready, or claimed, and never used. */
    private boolean isEmpty() throws IOException {
        final Superblock current = superblock.current();
        final LogGeometry itsGeometry = new LogGeometry(current.areaLength(), current.windowLength());
        try (LogReader records = new LogReader(new DeviceLogSource(itsGeometry, device, null), volume)) {
            records.begin(current.tail(), current.tail().position() + itsGeometry.areaLength());
            return !records.next()
                    && records.unreadable() == null
                    && records.provenDurableBehindEnd() < current.tail().sequence();
        }
    }

    /** Makes a log where there is none, for an epoch that may never come to be. */
    void prepare(final EpochClaim claim, final History history) throws IOException, VolumeException {
        if (superblock != null) {
            return;
        }
        final LogGeometry newGeometry = LogGeometry.ofSize(size());
        final Tail start = new Tail(0, Math.max(history.lastRecord() + 1, LogRecord.FIRST_SEQUENCE), 0);
        final Superblock first = new Superblock(
                0,
                volume,
                newGeometry.areaLength(),
                newGeometry.windowLength(),
                1,
                start,
                history.seen(),
                List.of(claim),
                drawSalt());
        try {
            device = logs.create(newGeometry, first);
        } catch (final LogInUseException e) {
            throw inUse(e);
        }
        superblock = LogSuperblock.read(device);
        decrypt();
        isNew = true;
    }

    /**
     * Writes zeros to the next piece of a log that was made anew, so that this need not be done while a guest writes. A failure
     * ends it, and nothing else: the log's own writes will tell.
     *
     * @return whether there is more to do.
     */
    boolean zeroMore() {
        if (!isNew) {
            return false;
        }
        final Superblock current = superblock.current();
        final LogGeometry itsGeometry = new LogGeometry(current.areaLength(), current.windowLength());
        if (zeros == null) {
            zeros = arena.allocate(Math.min(MAX_ZEROS, itsGeometry.windowLength() / 4), Blocks.SIZE);
        }
        final long length = Math.min(zeros.byteSize(), itsGeometry.areaLength() - zeroed);
        if (length > 0) {
            try {
                device.writeFully(itsGeometry.fileOffset(zeroed), zeros.asSlice(0, length));
                zeroed += length;
            } catch (final IOException e) {
                return false;
            }
        }
        return length > 0;
    }

    /** Where a log's first lap has been written with zeros to, in bytes. */
    long zeroed() {
        return zeroed;
    }

    /**
     * Takes from the log what no object covers.
     *
     * @param onFirst told before anything is changed in the history's map.
     */
    void replay(final History history, final VolumeSettings settings, final Runnable onFirst)
            throws IOException, VolumeException {
        final Superblock current = superblock.current();
        isWriteCache = history.covered().isWriteCache();
        geometry = new LogGeometry(current.areaLength(), current.windowLength());
        checksums = new LogChecksums(geometry, arena);
        if (isNew) {
            end = current.tail();
        } else {
            read(LogStanding.firstUnsent(current, history.covered().logEnd()), history, settings, onFirst);
            device.syncFully();
        }
        if (end.sequence() - 1 < history.lastRecord()) {
            // An older copy of the log, or one that was never used: the store is ahead of it.
            end = new Tail(end.position(), history.lastRecord() + 1, 0);
        }
        if (cutter == null) {
            cutter = newCutter(end, settings);
        }
    }

    private void read(final Tail tail, final History history, final VolumeSettings settings, final Runnable onFirst)
            throws IOException, VolumeException {
        long replayed = 0;
        long newest = history.newest().epoch();
        try (LogReader records = new LogReader(new DeviceLogSource(geometry, device, null), volume)) {
            records.begin(tail, tail.position() + geometry.areaLength());
            Tail before = records.end();
            while (records.next()) {
                if (records.record().sequence() > history.lastRecord()) {
                    newest = checkEpoch(records.record(), newest);
                    if (firstUnsent == null) {
                        onFirst.run();
                    }
                    apply(records, before, history, settings);
                    replayed += records.record().isNews() ? 1 : 0;
                }
                before = records.end();
            }
            end = before;
            checkDamage(records, history);
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
     * Nothing is logged in an epoch before its record is in the store.
     *
     * @param newest epoch that is there, or of which it is known already that it is not.
     * @return the same, for the next record.
     */
    private long checkEpoch(final LogRecord record, final long newest) throws VolumeException {
        if (record.epoch() <= newest) {
            return newest;
        }
        refuse("volume '" + context.name() + "' at " + context.store().url()
                + ": the store has lost what it held: epoch " + record.epoch() + ", whose record is "
                + Keys.epoch(volume, record.epoch()) + ", is missing");
        return record.epoch();
    }

    /** Nobody knows how long a record of an earlier life has waited: it counts as older than any may get. */
    private void apply(
            final LogReader records, final Tail before, final History history, final VolumeSettings settings) {
        final LogRecord record = records.record();
        if (firstUnsent == null) {
            firstUnsent = before;
            cutter = newCutter(before, settings);
        }
        isWriteCache = record.isWriteCache(isWriteCache);
        final long first = records.dataPositionBlocks();
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
        final Tail after = records.end();
        cutter.onSealed(
                after.position(),
                after.sequence() - 1,
                after.previousCrc(),
                record.isNews(),
                record.isNote(),
                record.blockCount(),
                runtime.bootTimeNs() - TimeUnit.MILLISECONDS.toNanos(settings.maxUnsentAgeMs()) - 1);
    }

    private BatchCutter newCutter(final Tail start, final VolumeSettings settings) {
        return new BatchCutter(start, context.destageDelayNs(), geometry.areaLength(), settings);
    }

    private void checkDamage(final LogReader records, final History history) throws IOException, VolumeException {
        final Tail brokenAt = records.end();
        final IOException unreadable = records.unreadable();
        final long proven = records.provenDurableBehindEnd();
        final boolean isProven = proven >= brokenAt.sequence() && proven > history.lastRecord();
        if (!isProven && unreadable == null) {
            return;
        }
        final String damage = "the log of volume '" + context.name() + "', " + logs.name()
                + ", is damaged: record " + brokenAt.sequence() + " at byte "
                + geometry.fileOffset(brokenAt.position())
                + (isProven ? " had been flushed, with all up to " + proven + "," : " may have been flushed")
                + " and is not readable"
                + (unreadable == null ? "" : " (" + unreadable.getMessage() + ")");
        refuse(damage);
    }

    /**
     * Makes it durable that the next epoch is about to be begun with this log. What an earlier try to begin that very epoch has left
     * is used again: its record may still be on its way into the store, and is this log's as much as the one that is created now.
     *
     * @param history as far as it goes before that epoch.
     * @param fresh   drawn for the next one.
     * @return what says in the next epoch's record that it is this log's.
     */
    UUID claim(final History history, final UUID fresh) throws IOException {
        final EpochRecord newest = history.newest();
        final Superblock current = superblock.current();
        final long next = newest.epoch() + 1;
        final List<EpochClaim> claims = new ArrayList<>();
        for (final EpochClaim earlier : current.epochs()) {
            final boolean isOfNewest = earlier.equals(new EpochClaim(newest.epoch(), newest.claim()));
            // Of a new log nothing else was ever tried.
            if (!isNew && (isOfNewest || earlier.epoch() >= next)) {
                claims.add(earlier);
            }
        }
        if (claims.isEmpty() || claims.getLast().epoch() != next) {
            claims.add(new EpochClaim(next, fresh));
        }
        superblock.write(new Superblock(
                current.counter(),
                volume,
                current.areaLength(),
                current.windowLength(),
                current.generation() + 1,
                firstUnsent == null ? end : firstUnsent,
                history.seen(),
                claims,
                current.salt()));
        isNew = false;
        return claims.getLast().nonce();
    }

    LogDevice device() {
        return device;
    }

    LogSuperblock superblock() {
        return superblock;
    }

    LogGeometry geometry() {
        return geometry;
    }

    LogChecksums checksums() {
        return checksums;
    }

    /** Where the log goes on. */
    Tail end() {
        return end;
    }

    BatchCutter cutter() {
        return cutter;
    }

    /** The write cache setting as of the log's end. */
    boolean isWriteCache() {
        return isWriteCache;
    }

    private void closeDevice() {
        device.close();
        device = null;
        superblock = null;
    }

    /** Lets the log go; one that was made ready for nothing is deleted. */
    @Override
    public void close() {
        if (device == null) {
            return;
        }
        if (isNew) {
            try {
                logs.delete();
            } catch (final IOException e) {
                LOG.log(Level.DEBUG, "a log that was not used is left", e);
            }
        }
        closeDevice();
    }
}
